@testable import ModelCompiler
import Testing

struct MemoryPlanTests {
  @Test(arguments: 0..<200) func `buffers that live together never overlap`(seed: UInt64) {
    var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    let lives = (0..<1 + next(60)).map { _ in
      let first = next(50)
      return MemoryPlan.Life(first: first, last: first + next(12) - 1, byteCount: next(5000))
    }
    let plan = MemoryPlan(lives)
    for (index, life) in lives.enumerated() {
      guard life.isUsed else {
        #expect(plan.offsets[index] == -1)
        continue
      }
      #expect(plan.offsets[index] % 64 == 0)
      #expect(plan.offsets[index] + life.byteCount <= plan.arenaByteCount)
      for other in lives.indices where other < index && lives[other].isUsed && lives[other].first <= life.last && life.first <= lives[other].last {
        let isApart =
          plan.offsets[other] + lives[other].byteCount <= plan.offsets[index] || plan.offsets[index] + life.byteCount <= plan.offsets[other]
        #expect(isApart, "buffers \(other) and \(index)")
      }
    }
  }

  @Test func `buffers that don't live together share their bytes`() {
    let plan = MemoryPlan([
      MemoryPlan.Life(first: 0, last: 1, byteCount: 100), MemoryPlan.Life(first: 2, last: 3, byteCount: 100),
    ])
    #expect(plan.offsets == [0, 0])
    #expect(plan.arenaByteCount == 128)
  }
}
