/// What reading may still allocate. Offsets may lead to one place many times, so what a file makes is bounded by charges made
/// before each piece, not by the file's size alone.
struct MemoryBudget {
  let limit: Int
  private(set) var remaining: Int

  init(limit: Int) {
    self.limit = max(limit, 0)
    remaining = self.limit
  }

  mutating func charge(_ byteCount: Int) throws(TFLiteError) {
    guard byteCount >= 0, byteCount <= remaining else {
      throw TFLiteError(.tooLarge, "reading it would take more than the \(limit) bytes of memory that a model of its size may take")
    }
    remaining -= byteCount
  }
}
