@testable import ObjectDetection
import Testing

/// Every way to pair rows with columns, or to leave rows alone: slow, and plainly right.
private func leastCost(_ costs: [[Float]], limit: Float, from row: Int = 0, taken: Set<Int> = []) -> Float {
  guard row < costs.count else { return 0 }
  var least = limit + leastCost(costs, limit: limit, from: row + 1, taken: taken)
  for column in costs[row].indices where !taken.contains(column) && costs[row][column] < limit {
    least = min(least, costs[row][column] + leastCost(costs, limit: limit, from: row + 1, taken: taken.union([column])))
  }
  return least
}

@Suite struct AssignmentTests {
  @Test func `pairs cost as little as the best of all ways to pair`() {
    var random = SystemLikeRandom(seed: 7)
    for _ in 0..<400 {
      let (rows, columns) = (Int(random.next() % 6), Int(random.next() % 6))
      // Few values, so that there are ties.
      let costs = (0..<rows).map { _ in (0..<columns).map { _ in Float(random.next() % 12) / 10 } }
      var assignment = Assignment(rowCapacity: 6, columnCapacity: 6)
      assignment.begin(rows: rows, columns: columns, limit: 0.9)
      for row in 0..<rows { for column in 0..<columns { assignment.set(row: row, column: column, cost: costs[row][column]) } }
      assignment.solve()
      var total: Float = 0
      var taken: Set<Int> = []
      for row in 0..<rows {
        let column = assignment.columnOfRow[row]
        guard column >= 0 else {
          total += 0.9
          continue
        }
        #expect(taken.insert(column).inserted && costs[row][column] < 0.9)
        total += costs[row][column]
      }
      #expect(abs(total - leastCost(costs, limit: 0.9)) < 1e-5, "\(costs)")
    }
  }

  @Test func `costs that are no number, negative or too high pair nothing`() {
    var assignment = Assignment(rowCapacity: 3, columnCapacity: 1)
    assignment.begin(rows: 3, columns: 1, limit: 1)
    assignment.set(row: 0, column: 0, cost: .nan)
    assignment.set(row: 1, column: 0, cost: -1)
    assignment.set(row: 2, column: 0, cost: 1)
    assignment.solve()
    #expect(Array(assignment.columnOfRow.prefix(3)) == [-1, -1, -1])
  }
}

/// The same numbers each time.
struct SystemLikeRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state &* 0x2545_F491_4F6C_DD1D >> 8
  }
}
