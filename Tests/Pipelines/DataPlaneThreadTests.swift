import Foundation
import Pipelines
import Testing

@Suite struct DataPlaneThreadTests {
  /// Written by one thread after the other.
  private final class Niceness: @unchecked Sendable {
    var values: [Int32] = []
    func note() { values.append(getpriority(Int32(PRIO_PROCESS.rawValue), 0)) }
  }

  @Test func `a thread gives way by so much more than the one that starts it`() throws {
    let niceness = Niceness()
    try DataPlaneThread(name: "own") {
      niceness.note()
      try? DataPlaneThread(name: "first", niceness: 3) {
        niceness.note()
        try? DataPlaneThread(name: "second", niceness: 4) { niceness.note() }.join()
      }.join()
    }.join()
    let own = try #require(niceness.values.first)
    #expect(niceness.values == [own, min(19, own + 3), min(19, own + 7)])
  }
}
