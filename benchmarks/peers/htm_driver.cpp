// A program that runs the algorithms of htm.core for benchmarks/peers/htm.py, which says how to build it. It holds one thing at a time and
// takes orders from the standard input: a line of a word and whole numbers, then the arrays that the line announces (32-bit, as they lie in
// memory). To each order it answers with a line, "cpu wall count" (nanoseconds of the work alone, and the length of the array that follows).
//
//   codes ROWS LENGTH SIZE     + LENGTH indices, ROWS + 1 starts: sparse codes of SIZE units, used by the orders below
//   segments CELLS N WIDTH     + N * WIDTH cells: N segments of WIDTH connected synapses each
//   activity FIRST COUNT       count active synapses of all segments for each of these codes; answers with the counts of the last
//   pooler INPUTS COLUMNS ACTIVE LENGTH CONNECTED UP DOWN
//                              + LENGTH inputs, LENGTH permanences, COLUMNS + 1 starts: a spatial pooler, boosting off
//   pool FIRST COUNT LEARN     answers with the winning columns, ACTIVE for each code
//   overlaps CODE              answers with the overlaps of the columns, without learning
//   memory COLUMNS CELLS ACTIVATION MATCHING GROW INITIAL CONNECTED UP DOWN PUNISH N LENGTH
//                              + N cells, LENGTH cells, LENGTH permanences, N + 1 starts: a temporal memory that starts with N segments
//   remember FIRST COUNT LEARN one step for each code; answers with a pair for each: predicted columns that came, active cells
//   cells                      answers with the active cells
//   expected                   answers with the columns predicted for the next code
//   size                       answers with the numbers of segments and of synapses
//   reset                      forget what came before, not what was learned
//
// Permanences, thresholds and increments are given in units of 2 ** -15, which single precision adds without rounding.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <htm/algorithms/SpatialPooler.hpp>
#include <htm/algorithms/TemporalMemory.hpp>

// Its library defines this one with the network engine, which is not linked here.
namespace htm {
__attribute__((weak)) thread_local LogLevel NTA_LOG_LEVEL;
}

using Words = std::vector<int32_t>;

namespace {

constexpr float UNIT = 1.0f / 32768.0f;

int64_t now(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return int64_t(time.tv_sec) * 1000000000 + time.tv_nsec;
}

struct Stopwatch {
  int64_t cpu = 0, wall = 0;
  template <class Work> void run(Work work) {
    const int64_t cpu_before = now(CLOCK_PROCESS_CPUTIME_ID), wall_before = now(CLOCK_MONOTONIC);
    work();
    wall += now(CLOCK_MONOTONIC) - wall_before;
    cpu += now(CLOCK_PROCESS_CPUTIME_ID) - cpu_before;
  }
};

Words take(size_t length) {
  Words words(length);
  std::cin.read(reinterpret_cast<char *>(words.data()), std::streamsize(4 * length));
  if (!std::cin) throw std::runtime_error("the input ended within an array");
  return words;
}

void answer(const Stopwatch &watch, const Words &words) {
  std::cout << watch.cpu << ' ' << watch.wall << ' ' << words.size() << '\n';
  std::cout.write(reinterpret_cast<const char *>(words.data()), std::streamsize(4 * words.size()));
  std::cout.flush();
}

// A pooler whose synapses are given. It draws almost none of its own, and these are removed.
struct Pooler : htm::SpatialPooler {
  Pooler(uint32_t inputs, uint32_t columns, float density, float connected, float up, float down)
      : SpatialPooler({inputs}, {columns}, inputs, 1.0f / float(inputs), true, density, 0, 0, down, up, connected) {}

  void wire(uint32_t column, const int32_t *inputs, const int32_t *permanences, size_t length) {
    while (!connections_.synapsesForSegment(column).empty()) connections_.destroySynapse(connections_.synapsesForSegment(column).back());
    for (size_t k = 0; k < length; k++) connections_.createSynapse(column, uint32_t(inputs[k]), float(permanences[k]) * UNIT);
  }
};

struct Program {
  std::vector<htm::SDR> codes;
  std::vector<std::vector<htm::CellIdx>> lists;
  std::unique_ptr<htm::Connections> segments;
  std::unique_ptr<Pooler> pooler;
  std::unique_ptr<htm::TemporalMemory> memory;
  std::unique_ptr<htm::SDR> winners;

  const htm::SDR &code(int64_t which) const { return codes[size_t(which) % codes.size()]; }

  void set_codes(int64_t rows, int64_t length, int64_t size) {
    const Words indices = take(size_t(length)), starts = take(size_t(rows) + 1);
    codes.clear();
    lists.clear();
    for (int64_t row = 0; row < rows; row++) {
      lists.emplace_back(indices.begin() + starts[row], indices.begin() + starts[row + 1]);
      codes.emplace_back(std::vector<htm::UInt>{htm::UInt(size)});
      codes.back().setSparse(static_cast<const std::vector<htm::CellIdx> &>(lists.back()));  // copied, not swapped
      codes.back().getDense();  // both forms are there before the clock runs
    }
  }

  void set_segments(int64_t cells, int64_t n, int64_t width) {
    const Words sources = take(size_t(n * width));
    segments = std::make_unique<htm::Connections>(htm::CellIdx(n), 0.5f);
    for (int64_t s = 0; s < n; s++) {
      const htm::Segment segment = segments->createSegment(htm::CellIdx(s));
      for (int64_t k = 0; k < width; k++) segments->createSynapse(segment, htm::CellIdx(sources[s * width + k]), 1.0f);
    }
    (void)cells;
  }

  Words activity(Stopwatch &watch, int64_t first, int64_t count) {
    std::vector<htm::SynapseIdx> counts;
    watch.run([&] {
      for (int64_t k = first; k < first + count; k++) counts = segments->computeActivity(lists[size_t(k) % lists.size()], false);
    });
    return Words(counts.begin(), counts.end());
  }

  void set_pooler(const std::vector<int64_t> &n) {
    const Words inputs = take(size_t(n[3])), permanences = take(size_t(n[3])), starts = take(size_t(n[1]) + 1);
    pooler = std::make_unique<Pooler>(n[0], n[1], float(n[2]) / float(n[1]), float(n[4]) * UNIT, float(n[5]) * UNIT, float(n[6]) * UNIT);
    for (int64_t c = 0; c < n[1]; c++) pooler->wire(uint32_t(c), &inputs[starts[c]], &permanences[starts[c]], size_t(starts[c + 1] - starts[c]));
    winners = std::make_unique<htm::SDR>(std::vector<htm::UInt>{htm::UInt(n[1])});
  }

  Words pool(Stopwatch &watch, int64_t first, int64_t count, bool learn) {
    Words all;
    for (int64_t k = first; k < first + count; k++) {
      watch.run([&] { pooler->compute(code(k), learn, *winners); });
      all.insert(all.end(), winners->getSparse().begin(), winners->getSparse().end());
    }
    return all;
  }

  void set_memory(const std::vector<int64_t> &n) {
    const Words owners = take(size_t(n[10])), sources = take(size_t(n[11])), permanences = take(size_t(n[11])), starts = take(size_t(n[10]) + 1);
    memory = std::make_unique<htm::TemporalMemory>(
        std::vector<htm::CellIdx>{htm::CellIdx(n[0])}, n[1], n[2], float(n[5]) * UNIT, float(n[6]) * UNIT, n[3], n[4], float(n[7]) * UNIT,
        float(n[8]) * UNIT, float(n[9]) * UNIT);
    for (int64_t s = 0; s < n[10]; s++) {
      const htm::Segment segment = memory->createSegment(htm::CellIdx(owners[s]));
      for (int32_t k = starts[s]; k < starts[s + 1]; k++)
        memory->createSynapse(segment, htm::CellIdx(sources[k]), float(permanences[k]) * UNIT);
    }
    memory->reset();
  }

  Words remember(Stopwatch &watch, int64_t first, int64_t count, bool learn) {
    Words pairs;
    for (int64_t k = first; k < first + count; k++) {
      watch.run([&] { memory->compute(code(k), learn); });
      const double came = double(lists[size_t(k) % lists.size()].size());
      pairs.push_back(int32_t(came - memory->anomaly * came + 0.5));
      pairs.push_back(int32_t(memory->getActiveCells().size()));
    }
    return pairs;
  }

  Words expected() {
    memory->activateDendrites(true);  // the next step finds it done
    const htm::SDR cells = memory->getPredictiveCells();
    Words columns;
    for (const auto cell : cells.getSparse()) {
      const int32_t column = int32_t(cell / memory->getCellsPerColumn());
      if (columns.empty() || columns.back() != column) columns.push_back(column);
    }
    return columns;
  }

  Words obey(const std::string &order, const std::vector<int64_t> &n, Stopwatch &watch) {
    if (order == "codes") set_codes(n.at(0), n.at(1), n.at(2));
    else if (order == "segments") set_segments(n.at(0), n.at(1), n.at(2));
    else if (order == "activity") return activity(watch, n.at(0), n.at(1));
    else if (order == "pooler") set_pooler(n);
    else if (order == "pool") return pool(watch, n.at(0), n.at(1), n.at(2) != 0);
    else if (order == "overlaps") {
      const auto found = pooler->compute(code(n.at(0)), false, *winners);
      return Words(found.begin(), found.end());
    } else if (order == "memory") set_memory(n);
    else if (order == "remember") return remember(watch, n.at(0), n.at(1), n.at(2) != 0);
    else if (order == "cells") {
      const auto cells = memory->getActiveCells();
      return Words(cells.begin(), cells.end());
    } else if (order == "expected") return expected();
    else if (order == "size") return {int32_t(memory->connections.numSegments()), int32_t(memory->connections.numSynapses())};
    else if (order == "reset") memory->reset();
    else throw std::runtime_error("unknown order " + order);
    return {};
  }
};

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  Program program;
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string order;
    words >> order;
    std::vector<int64_t> numbers;
    for (int64_t number; words >> number;) numbers.push_back(number);
    Stopwatch watch;
    try {
      const Words found = program.obey(order, numbers, watch);
      answer(watch, found);
    } catch (const std::exception &error) {
      std::cerr << "htm_driver: " << order << ": " << error.what() << std::endl;
      return 1;
    }
  }
  return 0;
}
