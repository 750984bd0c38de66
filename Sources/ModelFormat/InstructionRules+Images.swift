import Tensors

/// Convolution, pooling, resize.
extension InstructionRules {
  func check(_ fields: Convolution) throws(ModelFormatError) {
    let x = try tensor(fields.input)
    let w = try tensor(fields.weights)
    let y = try written(fields.output)
    let input = try image(x)
    var kernel = try image(w)
    kernel.c = fields.kernelDimensions(w.dimensions)[3]
    let output = try image(y)
    let groups = Int(fields.groups)
    guard case .weights = w.storage else { throw broken("has weights that are no constant") }
    try require(groups >= 1 && input.c % max(groups, 1) == 0 && output.c % max(groups, 1) == 0, "has \(groups) groups")
    try require(
      kernel.n == output.c && kernel.c == input.c / groups && input.n == output.n,
      "has weights \(w.dimensions) between \(x.dimensions) and \(y.dimensions)")
    try checkWindow(
      input: input.h, output: output.h, kernel: Int32(kernel.h), stride: fields.strides.height, dilation: fields.dilations.height,
      before: fields.padding.top, after: fields.padding.bottom)
    try checkWindow(
      input: input.w, output: output.w, kernel: Int32(kernel.w), stride: fields.strides.width, dilation: fields.dilations.width,
      before: fields.padding.left, after: fields.padding.right)
    if let residual = fields.residual {
      let r = try tensor(residual)
      try require(r.dimensions == y.dimensions, "adds \(r.dimensions) to \(y.dimensions)")
      try require(try isQuantised(r) == isQuantised(y), "mixes float and integer")
    }
    if try isQuantised(x) {
      try checkInteger(fields, w, y, output.c, reduction: kernel.h * kernel.w * kernel.c)
    } else {
      try require(y.elementType == .float32, "mixes float and integer")
      if let narrow = fields.narrow {
        try check(narrow, w, output.c, depth: kernel.h * kernel.w * kernel.c)
        try require(kernel.c > 1 || groups == 1, "has narrow weights by channel")
      } else {
        try require(w.elementType == .float32, "mixes float and integer")
      }
      try require(fields.multipliers == nil && fields.table == nil && fields.gates == nil, "has integer constants on float data")
      if let bias = fields.bias { try constant(bias, .float32, count: output.c, "bias") }
    }
  }

  private func check(_ narrow: Convolution.NarrowWeights, _ w: TensorDescription, _ channels: Int, depth: Int) throws(ModelFormatError) {
    try require(
      narrow.bits == 8 && w.elementType == .int8 || narrow.bits == 4 && w.elementType == .uint8,
      "has narrow weights of \(narrow.bits) bits in \(w.elementType.name)")
    try require(narrow.group >= 2 && narrow.group % 2 == 0, "has narrow weights in groups of \(narrow.group)")
    try require(
      narrow.activationBits == 32 || narrow.bits == 8 && [8, 16].contains(narrow.activationBits), "rounds activations to \(narrow.activationBits) bits")
    let groups = (depth + Int(narrow.group) - 1) / Int(narrow.group)
    try constant(narrow.scales, .float32, count: channels * groups, "scales")
  }

  private func checkInteger(_ fields: Convolution, _ w: TensorDescription, _ y: TensorDescription, _ channels: Int, reduction: Int) throws(ModelFormatError) {
    guard fields.narrow == nil, try isQuantised(y), w.elementType == .int8, let range = y.elementType.eightBitRange else {
      throw broken("mixes float and integer")
    }
    try require(reduction <= Int(Int32.max) / (255 * 128) - 1, "sums \(reduction) products, which could overflow 32 bits")
    guard let bias = fields.bias, let multipliers = fields.multipliers else { throw broken("lacks bias or multipliers") }
    try constant(bias, .int32, count: channels, "bias")
    try constant(multipliers, .float32, count: channels, "multipliers")
    if let table = fields.table { try constant(table, .uint8, count: 256, "table") }
    if let gates = fields.gates {
      try constant(gates, .uint8, count: 256, "gates")
      try require(fields.table == nil && 1...32767 ~= fields.gateFactor, "has gates beside a table or of the factor \(fields.gateFactor)")
    }
    let bounds = [fields.middleZeroPoint, fields.middleLower, fields.middleUpper, fields.tableZeroPoint, fields.outputLower, fields.outputUpper]
    try require(bounds.allSatisfy(range.contains), "has integer bounds outside \(y.elementType.name)")
    // Small enough that no sum of their products with bytes overflows.
    let residualScale = try fields.residual.map { (index) throws(ModelFormatError) in try tensor(index).quantisation?.scale ?? 1 } ?? 1
    let scales = [fields.middleScale, residualScale]
    try require(scales.allSatisfy { $0 > 0 && ($0 * 1024).isFinite }, "adds with scales that are not positive and below 1e35")
  }

  func check(_ fields: Pooling) throws(ModelFormatError) {
    let x = try tensor(fields.input)
    let y = try written(fields.output)
    let input = try image(x)
    let output = try image(y)
    try require(x.elementType == y.elementType && input.n == output.n && input.c == output.c, "pools \(x.dimensions) into \(y.dimensions)")
    let quantised = try isQuantised(x)
    try require(quantised == (try isQuantised(y)), "mixes float and integer")
    try require(!quantised || fields.kind == .average || x.quantisation == y.quantisation, "changes the quantisation of a maximum")
    try require(1...4096 ~= fields.kernel.height && 1...4096 ~= fields.kernel.width, "has a window out of range")
    let taps = Int(fields.kernel.height) * Int(fields.kernel.width)
    try require(!quantised || fields.kind == .maximum || taps <= Int(Int32.max) / 255 - 1, "sums \(taps) elements, which could overflow 32 bits")
    try checkWindow(
      input: input.h, output: output.h, kernel: fields.kernel.height, stride: fields.strides.height, dilation: fields.dilations.height,
      before: fields.padding.top, after: fields.padding.bottom)
    try checkWindow(
      input: input.w, output: output.w, kernel: fields.kernel.width, stride: fields.strides.width, dilation: fields.dilations.width,
      before: fields.padding.left, after: fields.padding.right)
  }

  mutating func check(_ fields: Resize) throws(ModelFormatError) {
    let x = try tensor(fields.input)
    let y = try written(fields.output)
    let input = try image(x)
    let output = try image(y)
    try require(x.elementType == y.elementType && input.n == output.n && input.c == output.c, "resizes \(x.dimensions) into \(y.dimensions)")
    if try isQuantised(x) { try require(x.quantisation == y.quantisation, "changes the quantisation") }
    try checkTable(fields.rows, fractions: fields.rowFractions, count: output.h, limit: input.h)
    try checkTable(fields.columns, fractions: fields.columnFractions, count: output.w, limit: input.w)
  }

  private mutating func checkTable(_ index: TensorIndex, fractions: TensorIndex, count: Int, limit: Int) throws(ModelFormatError) {
    try constant(index, .int32, count: 2 * count, "table")
    try constant(fractions, .float32, count: count, "fractions")
    guard case .weights(let offset) = try tensor(index).storage, case .weights(let fractionOffset) = try tensor(fractions).storage else { return }
    let found = withReadings { ($0.positions(of: index, at: offset, count: 2 * count), $0.areFractions(fractions, at: fractionOffset, count: count)) }
    guard let positions = found.0, let areFractions = found.1 else { throw broken("has index tables that overlap those of too many others") }
    let outside = positions.lowerBound < 0 ? positions.lowerBound : positions.upperBound
    try require(0..<limit ~= Int(outside), "reads row or column \(outside) of \(limit)")
    try require(areFractions, "has fractions beyond \(Resize.largestFraction)")
  }
}
