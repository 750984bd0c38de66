/// Pairs rows with columns so that what the pairs cost together is least, where a row that stays alone costs `limit`.
///
/// Shortest augmenting paths (R. Jonker and A. Volgenant, "A shortest augmenting path algorithm for dense and sparse linear assignment
/// problems", Computing 38, 1987; for more columns than rows as in D. F. Crouse, "On implementing 2D rectangular assignment algorithms", 2016).
/// All memory is taken when it is made; solving takes time in the order of rows² × columns.
struct Assignment {
  let rowCapacity: Int
  let columnCapacity: Int
  private(set) var rows = 0
  private(set) var columns = 0
  private(set) var limit: Float = 0
  /// Of each row, the column that it is paired with; -1 where it stays alone.
  private(set) var columnOfRow: [Int]

  private var costs: [Float]
  // Of the shorter side, which is walked over, and of the longer one.
  private var nearDual: [Double]
  private var farDual: [Double]
  private var distance: [Double]
  private var predecessor: [Int]
  private var farOfNear: [Int]
  private var nearOfFar: [Int]
  private var isNearSeen: [Bool]
  private var isFarSeen: [Bool]

  init(rowCapacity: Int, columnCapacity: Int) {
    (self.rowCapacity, self.columnCapacity) = (max(1, rowCapacity), max(1, columnCapacity))
    let longest = max(self.rowCapacity, self.columnCapacity)
    columnOfRow = Array(repeating: -1, count: self.rowCapacity)
    costs = Array(repeating: 0, count: self.rowCapacity * self.columnCapacity)
    // Each of its own: what is shared would be copied at the first write.
    nearDual = Array(repeating: 0, count: longest)
    farDual = Array(repeating: 0, count: longest)
    distance = Array(repeating: 0, count: longest)
    predecessor = Array(repeating: -1, count: longest)
    farOfNear = Array(repeating: -1, count: longest)
    nearOfFar = Array(repeating: -1, count: longest)
    isNearSeen = Array(repeating: false, count: longest)
    isFarSeen = Array(repeating: false, count: longest)
  }

  /// Begins a problem in which no pair is possible yet.
  ///
  /// - Precondition: it fits the capacities.
  mutating func begin(rows: Int, columns: Int, limit: Float) {
    precondition(rows <= rowCapacity && columns <= columnCapacity && limit >= 0)
    (self.rows, self.columns, self.limit) = (rows, columns, limit)
    for at in 0..<rows * columns { costs[at] = limit }
    for row in 0..<rows { columnOfRow[row] = -1 }
  }

  /// What a pair costs. From `limit` on, below 0, and what is no number: the pair is impossible.
  mutating func set(row: Int, column: Int, cost: Float) {
    costs[row * columns + column] = cost >= 0 && cost < limit ? cost : limit
  }

  func cost(row: Int, column: Int) -> Float { costs[row * columns + column] }

  /// Fills `columnOfRow`.
  mutating func solve() {
    let isTransposed = rows > columns
    let (near, far) = isTransposed ? (columns, rows) : (rows, columns)
    guard near > 0 else { return }
    for at in 0..<near { (nearDual[at], farOfNear[at]) = (0, -1) }
    for at in 0..<far { (farDual[at], nearOfFar[at]) = (0, -1) }
    for start in 0..<near { augment(from: start, near, far, isTransposed) }
    for at in 0..<near {
      let (row, column) = isTransposed ? (farOfNear[at], at) : (at, farOfNear[at])
      // What costs as much as staying alone stays alone.
      columnOfRow[row] = cost(row: row, column: column) < limit ? column : -1
    }
  }

  /// Finds the cheapest way to give `start` a partner, if need be by giving others new ones.
  private mutating func augment(from start: Int, _ near: Int, _ far: Int, _ isTransposed: Bool) {
    for at in 0..<near { isNearSeen[at] = false }
    for at in 0..<far { (isFarSeen[at], distance[at]) = (false, .infinity) }
    var (here, least, sink) = (start, 0.0, -1)
    while sink < 0 {
      isNearSeen[here] = true
      var (lowest, next) = (Double.infinity, -1)
      for at in 0..<far where !isFarSeen[at] {
        let cost = Double(isTransposed ? costs[at * columns + here] : costs[here * columns + at])
        let reach = least + cost - nearDual[here] - farDual[at]
        if reach < distance[at] { (distance[at], predecessor[at]) = (reach, here) }
        if distance[at] < lowest || distance[at] == lowest && nearOfFar[at] < 0 { (lowest, next) = (distance[at], at) }
      }
      least = lowest
      isFarSeen[next] = true
      if nearOfFar[next] < 0 { sink = next } else { here = nearOfFar[next] }
    }
    nearDual[start] += least
    for at in 0..<near where isNearSeen[at] && at != start { nearDual[at] += least - distance[farOfNear[at]] }
    for at in 0..<far where isFarSeen[at] { farDual[at] -= least - distance[at] }
    var at = sink
    while true {
      let one = predecessor[at]
      nearOfFar[at] = one
      let before = farOfNear[one]
      farOfNear[one] = at
      if one == start { return }
      at = before
    }
  }
}
