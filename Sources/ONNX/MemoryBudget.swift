/// What reading may still allocate. Everything that grows with the file is charged before it is made, so that a small hostile
/// file can't ask for a large memory.
struct MemoryBudget {
  let limit: Int
  private(set) var remaining: Int

  init(limit: Int) {
    self.limit = max(limit, 0)
    self.remaining = self.limit
  }

  mutating func charge(_ byteCount: Int) throws(ONNXError) {
    guard byteCount >= 0, byteCount <= remaining else {
      throw ONNXError(.tooLarge, "the model needs more than the \(limit) bytes of memory that reading it may take")
    }
    remaining -= byteCount
  }

  /// A node, an attribute, a value: its struct, its share of tables, its name.
  mutating func chargeEntry(_ reader: WireReader) throws(ONNXError) {
    try charge(256)
    try charge(reader.byteCount / 8)
  }
}
