import Tensors

// Attention of a decoder's step over what it remembers.
extension LayerGraph {
  /// 0 for rows before a position, and so little for the others that no probability is left them.
  mutating func mask(rows: Int, before position: String) -> String {
    let numbers = constant("row numbers", HostTensor((0..<Int64(rows)).map { $0 }, dimensions: [rows]))
    let (none, all) = (constant("shut", HostTensor([Float(-1e30)], dimensions: [1])), constant("open", HostTensor([Float(0)], dimensions: [1])))
    return add("Where", [add("Less", [numbers, position]), all, none])
  }

  /// What one query, `[heads, 1, size]`, finds in the rows that the mask leaves open and in a row of its own.
  mutating func attention(
    _ query: String, past: (keys: String, values: String), own: (key: String, value: String), mask: String, rows: Int
  ) -> String {
    let before = add("Add", [scores(query, past.keys), mask])
    let shares = softmax(add("Concat", [before, scores(query, own.key)], ["axis": .integer(-1)]))
    let found = add("MatMul", [slice(shares, axis: 2, from: 0, to: Int64(rows)), past.values])
    let itself = add("Mul", [slice(shares, axis: 2, from: Int64(rows), to: Int64(rows) + 1), own.value])
    return add("Add", [found, itself])
  }
}
