import Tensors

/// The families of whole numbers, truth values and run-time indices.
extension InstructionRules {
  func check(_ fields: Arithmetic) throws(ModelFormatError) {
    let left = try tensor(fields.left)
    let right = try tensor(fields.right)
    let y = try written(fields.output)
    for operand in [left, right] {
      try requirePlain(operand)
      try checkBroadcast(operand, to: y)
    }
    try requirePlain(y)
    try require(left.elementType == right.elementType && fields.operation.accepts(left.elementType), "computes with \(left.elementType.name)")
    try require(y.elementType == (fields.operation.givesTruth ? .bool : left.elementType), "makes \(y.elementType.name)")
  }

  func check(_ fields: Mapping) throws(ModelFormatError) {
    let x = try tensor(fields.input)
    let y = try written(fields.output)
    try requirePlain(x)
    try requirePlain(y)
    try require(fields.function.accepts(x.elementType) && x.elementCount == y.elementCount, "maps \(x.elementType.name) \(x.dimensions) to \(y.dimensions)")
    try require(y.elementType == (fields.function.givesTruth ? .bool : x.elementType), "makes \(y.elementType.name)")
  }

  func check(cast fields: Conversion) throws(ModelFormatError) {
    let x = try tensor(fields.input)
    let y = try written(fields.output)
    try requirePlain(x)
    try requirePlain(y)
    try require(x.elementCount == y.elementCount, "converts \(x.dimensions) to \(y.dimensions)")
  }

  func check(_ fields: Select) throws(ModelFormatError) {
    let condition = try tensor(fields.condition)
    let y = try written(fields.output)
    try require(condition.elementType == .bool, "chooses by \(condition.elementType.name)")
    try checkBroadcast(condition, to: y)
    for index in [fields.onTrue, fields.onFalse] {
      let operand = try tensor(index)
      try require(operand.elementType == y.elementType && operand.quantisation == y.quantisation, "mixes types")
      try checkBroadcast(operand, to: y)
    }
  }

  func check(_ fields: Gather) throws(ModelFormatError) {
    let x = try tensor(fields.input)
    let y = try written(fields.output)
    try require(x.elementType == y.elementType && x.quantisation == y.quantisation, "mixes types")
    try checkAccess(
      x, rows: y, try tensor(fields.indices), batch: fields.batch, extents: fields.extents, count: fields.count, inner: fields.inner,
      sharesIndices: fields.sharesIndices)
  }

  func check(_ fields: Scatter) throws(ModelFormatError) {
    let x = try tensor(fields.input)
    let updates = try tensor(fields.updates)
    let y = try written(fields.output)
    try require(x.elementType == y.elementType && updates.elementType == y.elementType, "mixes types")
    try require(x.quantisation == y.quantisation && updates.quantisation == y.quantisation && x.elementCount == y.elementCount, "mixes types")
    try checkAccess(
      y, rows: updates, try tensor(fields.indices), batch: fields.batch, extents: fields.extents, count: fields.count, inner: fields.inner,
      sharesIndices: false)
    let computes = y.elementType == .float32 || y.elementType.isInteger && y.elementType != .bool && y.quantisation == nil
    try require(fields.reduction == .none || computes, "computes with \(y.elementType.name)")
  }

  func check(_ fields: ArgReduction) throws(ModelFormatError) {
    let x = try tensor(fields.input)
    try checkPositions(x, try written(fields.output))
    try checkShape(x, [fields.outer, fields.reduced, fields.inner])
    try checkShape(try tensor(fields.output), [fields.outer, fields.inner])
  }

  func check(_ fields: TopK) throws(ModelFormatError) {
    let x = try tensor(fields.input)
    try checkPositions(x, try written(fields.output))
    try checkShape(x, [fields.outer, fields.length])
    try checkShape(try tensor(fields.output), [fields.outer, fields.count])
    try require(fields.count <= fields.length, "takes \(fields.count) of \(fields.length) elements")
  }

  func check(_ fields: CumulativeSum) throws(ModelFormatError) {
    let x = try tensor(fields.input)
    let y = try written(fields.output)
    try requirePlain(x)
    try requirePlain(y)
    try require(x.elementType == y.elementType, "mixes types")
    try require(x.elementType == .float32 || x.elementType.isInteger && x.elementType != .bool, "sums \(x.elementType.name)")
    for tensor in [x, y] { try checkShape(tensor, [fields.outer, fields.length, fields.inner]) }
  }

  // MARK: Parts that these families share

  private func requirePlain(_ tensor: TensorDescription) throws(ModelFormatError) {
    try require(tensor.quantisation == nil, "takes quantised '\(tensor.name)' for plain numbers")
  }

  private func checkShape(_ tensor: TensorDescription, _ extents: [Int32]) throws(ModelFormatError) {
    try require(extents.allSatisfy { $0 >= 1 }, "has an empty axis")
    try require(extents.map { Int($0) }.checkedElementCount == tensor.elementCount, "takes \(tensor.dimensions) for \(extents)")
  }

  /// A tensor that elements are picked from, and one of picked positions.
  private func checkPositions(_ x: TensorDescription, _ y: TensorDescription) throws(ModelFormatError) {
    try require(x.elementType == .float32 || x.elementType.isInteger, "compares \(x.elementType.name)")
    try require(y.elementType == .int64 && y.quantisation == nil, "gives positions as \(y.elementType.name)")
  }

  private func checkAccess(
    _ table: TensorDescription, rows: TensorDescription, _ indices: TensorDescription, batch: Int32, extents: [Int32], count: Int32, inner: Int32,
    sharesIndices: Bool
  ) throws(ModelFormatError) {
    try require(1...8 ~= extents.count, "has \(extents.count) coordinates")
    try checkShape(table, [batch] + extents + [inner])
    try checkShape(rows, [batch, count, inner])
    try checkShape(indices, [sharesIndices ? 1 : batch, count, Int32(extents.count)])
    try require((indices.elementType == .int32 || indices.elementType == .int64) && indices.quantisation == nil, "has indices of \(indices.elementType.name)")
  }
}
