import Tensors

/// The families that work on elements, rows and matrices.
extension InstructionRules {
  func check(_ fields: Binary) throws(ModelFormatError) {
    let left = try tensor(fields.left)
    let right = try tensor(fields.right)
    let y = try written(fields.output)
    let quantised = try isQuantised(y)
    for operand in [left, right] { try require(try isQuantised(operand) == quantised, "mixes float and integer") }
    for operand in [left, right] { try checkBroadcast(operand, to: y) }
  }

  /// NumPy's rule, aligned at the last axis.
  func checkBroadcast(_ operand: TensorDescription, to y: TensorDescription) throws(ModelFormatError) {
    let missing = y.dimensions.count - operand.dimensions.count
    try require(missing >= 0, "broadcasts \(operand.dimensions) to \(y.dimensions)")
    for (axis, dimension) in operand.dimensions.enumerated() {
      try require(dimension == 1 || dimension == y.dimensions[axis + missing], "broadcasts \(operand.dimensions) to \(y.dimensions)")
    }
  }

  func check(_ fields: Unary) throws(ModelFormatError) {
    let x = try tensor(fields.input)
    let y = try written(fields.output)
    try require(x.elementType == .float32 && y.elementType == .float32 && x.elementCount == y.elementCount, "maps \(x.dimensions) to \(y.dimensions)")
  }

  func check(_ fields: Lookup) throws(ModelFormatError) {
    let x = try tensor(fields.input)
    let y = try written(fields.output)
    try require(x.elementType.byteCount == 1 && y.elementType.byteCount == 1 && x.elementCount == y.elementCount, "maps \(x.dimensions) to \(y.dimensions)")
    try constant(fields.table, .uint8, count: 256, "table")
  }

  func check(_ fields: Conversion, quantises: Bool) throws(ModelFormatError) {
    let x = try tensor(fields.input)
    let y = try written(fields.output)
    try require(x.elementCount == y.elementCount, "converts \(x.dimensions) to \(y.dimensions)")
    let (float, integer) = quantises ? (x, y) : (y, x)
    try require(float.elementType == .float32, "converts \(float.elementType.name)")
    try require(try isQuantised(integer), "converts \(integer.elementType.name)")
  }

  func check(_ fields: Softmax) throws(ModelFormatError) {
    let x = try tensor(fields.input)
    let y = try written(fields.output)
    try require(
      x.elementType == .float32 && y.elementType == .float32 && x.dimensions == y.dimensions && !x.dimensions.isEmpty,
      "maps \(x.dimensions) to \(y.dimensions)")
  }

  func check(_ fields: StridedCopy) throws(ModelFormatError) {
    let x = try tensor(fields.input)
    let y = try written(fields.output)
    let rank = fields.extents.count
    try require(x.elementType.byteCount == y.elementType.byteCount, "copies \(x.elementType.name) to \(y.elementType.name)")
    try require(rank >= 1 && fields.inputStrides.count == rank && fields.outputStrides.count == rank, "has strides that don't fit its extents")
    try require(fields.extents.allSatisfy { 1...(1 << 30) ~= $0 }, "has an extent out of range")
    // Reads may repeat, writes don't: this bounds the time that a copy takes, and every product of its extents.
    guard let count = fields.extents.map({ Int($0) }).checkedElementCount, count <= y.elementCount else {
      throw broken("writes more elements than '\(y.name)' has")
    }
    try checkReach(fields.extents, fields.inputOffset, fields.inputStrides, count: x.elementCount, x.name)
    try checkReach(fields.extents, fields.outputOffset, fields.outputStrides, count: y.elementCount, y.name)
    try checkWritesOnce(fields.extents, fields.outputStrides, y.name)
  }

  /// Whether no two positions share an element: each axis steps over all that the axes of smaller strides reach, as in every view of a
  /// dense tensor. (What threads write twice would be whichever came last.)
  private func checkWritesOnce(_ extents: [Int32], _ strides: [Int64], _ name: String) throws(ModelFormatError) {
    var reach: Int64 = 0
    let axes = zip(extents, strides).filter { $0.0 > 1 }.map { (extent: Int64($0.0), stride: $0.1.magnitude) }.sorted { $0.stride < $1.stride }
    for axis in axes {
      try require(axis.stride > reach.magnitude, "writes elements of '\(name)' more than once")
      reach += (axis.extent - 1) * Int64(axis.stride)
    }
  }

  /// Whether every address that the strides reach lies inside the tensor.
  private func checkReach(_ extents: [Int32], _ offset: Int64, _ strides: [Int64], count: Int, _ name: String) throws(ModelFormatError) {
    var lowest = offset
    var highest = offset
    var overflows = false
    for (extent, stride) in zip(extents, strides) {
      let (reach, product) = Int64(extent - 1).multipliedReportingOverflow(by: stride)
      let (sum, addition) = reach < 0 ? lowest.addingReportingOverflow(reach) : highest.addingReportingOverflow(reach)
      if reach < 0 { lowest = sum } else { highest = sum }
      overflows = overflows || product || addition
    }
    try require(!overflows && lowest >= 0 && highest < Int64(count), "reaches outside '\(name)'")
  }

  func check(_ fields: Reduction) throws(ModelFormatError) {
    let x = try tensor(fields.input)
    let y = try written(fields.output)
    let (outer, reduced, inner) = (Int(fields.outer), Int(fields.reduced), Int(fields.inner))
    try require(outer >= 1 && reduced >= 1 && inner >= 1, "has an empty axis")
    try require(
      [outer, reduced, inner].checkedElementCount == x.elementCount && [outer, inner].checkedElementCount == y.elementCount,
      "reduces \(x.dimensions) to \(y.dimensions)")
    try require(x.elementType == y.elementType, "mixes types")
    guard x.elementType == .float32 || x.quantisation != nil else { return try checkPlain(fields, x, y) }
    if try isQuantised(x) {
      try require(try isQuantised(y), "mixes float and integer")
      switch fields.kind {
      case .mean: try require(reduced <= Int(Int32.max) / 255 - 1, "sums \(reduced) elements, which could overflow 32 bits")
      case .maximum, .minimum: try require(x.quantisation == y.quantisation, "changes the quantisation")
      default: throw broken("reduces integers by a rule that needs float")
      }
    }
  }

  /// Whole numbers and bool.
  private func checkPlain(_ fields: Reduction, _ x: TensorDescription, _ y: TensorDescription) throws(ModelFormatError) {
    try require(y.quantisation == nil && x.elementType.isInteger, "reduces \(x.elementType.name)")
    let chooses = fields.kind == .maximum || fields.kind == .minimum
    try require(fields.kind != .logSumExp && (x.elementType != .bool || chooses), "reduces \(x.elementType.name) by a rule that needs float")
  }

  func check(_ fields: MatrixProduct) throws(ModelFormatError) {
    let left = try tensor(fields.left)
    let right = try tensor(fields.right)
    let y = try written(fields.output)
    try require([left, right, y].allSatisfy { $0.elementType == .float32 }, "multiplies something else than float32")
    let (batch, m, n, k) = (Int(fields.batch), Int(fields.m), Int(fields.n), Int(fields.k))
    try require(batch >= 1 && m >= 1 && n >= 1 && k >= 1, "has an empty axis")
    try require([batch, m, n].checkedElementCount == y.elementCount, "makes \(y.dimensions)")
    for (tensor, stride, size) in [(left, fields.leftBatchStride, [m, k]), (right, fields.rightBatchStride, [k, n])] {
      guard let matrix = size.checkedElementCount, stride >= 0, stride <= Int64(Program.largestArena) else { throw broken("has strides out of range") }
      let (reach, overflow) = Int64(batch - 1).multipliedReportingOverflow(by: stride)
      try require(!overflow && reach <= Int64(Program.largestArena) && Int(reach) + matrix <= tensor.elementCount, "reaches outside '\(tensor.name)'")
    }
  }
}
