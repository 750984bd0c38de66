import Tensors

extension InstructionRules {
  func check(_ fields: IntegerConvolution) throws(ModelFormatError) {
    let x = try tensor(fields.input)
    let w = try tensor(fields.weights)
    let y = try written(fields.output)
    let (input, kernel, output) = (try image(x), try image(w), try image(y))
    let groups = Int(fields.groups)
    guard case .weights = w.storage else { throw broken("has weights that are no constant") }
    try require(x.elementType.isEightBitInteger && w.elementType.isEightBitInteger && y.elementType == .int32, "makes \(y.elementType.name)")
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
    if let zero = fields.inputZeroPoint {
      let zero = try tensor(zero)
      try require(zero.elementType == x.elementType && zero.elementCount == 1, "has the zero point \(zero.elementType.name) \(zero.dimensions)")
    }
    if let zeros = fields.weightZeroPoints {
      let count = try tensor(zeros).elementCount
      try require(count == 1 || count == output.c, "has \(count) zero points for \(output.c) channels")
      try constant(zeros, w.elementType, count: count, "zero points")
    }
  }
}
