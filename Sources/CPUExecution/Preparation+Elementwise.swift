import CKernels
import Inference
import ModelFormat
import Tensors

extension Preparation {
  mutating func append(_ fields: Unary) throws(InferenceError) {
    let count = tensor(fields.output).elementCount
    let arguments = unsafe swl_unary(
      input: bytes(fields.input).assumingMemoryBound(to: Float.self), output: bytes(fields.output).assumingMemoryBound(to: Float.self),
      count: Int64(count), function: fields.function.rawValue, alpha: fields.alpha, beta: fields.beta)
    try unsafe step(kernel(SWL_UNARY_F32), arguments, count: Self.chunks(count), work: 8 * count)
  }

  mutating func append(_ fields: Lookup) throws(InferenceError) {
    let count = tensor(fields.output).elementCount
    let arguments = unsafe swl_lookup(
      input: bytes(fields.input).assumingMemoryBound(to: UInt8.self), table: bytes(fields.table).assumingMemoryBound(to: UInt8.self),
      output: bytes(fields.output).assumingMemoryBound(to: UInt8.self), count: Int64(count))
    try unsafe step(kernel(SWL_LOOKUP), arguments, count: Self.chunks(count), work: count)
  }

  mutating func append(_ fields: Conversion, quantises: Bool) throws(InferenceError) {
    let integer = tensor(quantises ? fields.output : fields.input)
    let count = integer.elementCount
    let arguments = unsafe swl_conversion(
      input: bytes(fields.input), output: bytes(fields.output), count: Int64(count), scale: integer.scale, zero_point: integer.zeroPoint,
      flip: integer.flip, lower: integer.lowerBound, upper: integer.upperBound)
    try unsafe step(kernel(quantises ? SWL_QUANTISE : SWL_DEQUANTISE), arguments, count: Self.chunks(count), work: count)
  }

  mutating func append(_ fields: Binary) throws(InferenceError) {
    let left = tensor(fields.left)
    let right = tensor(fields.right)
    let output = tensor(fields.output)
    let views = StridedViews(
      extents: output.dimensions,
      strides: [
        left.dimensions.broadcastStrides(to: output.dimensions), right.dimensions.broadcastStrides(to: output.dimensions), output.dimensions.rowMajorStrides,
      ])
    let chunks = Self.chunks(views.extents.last ?? 1)
    var arguments = unsafe swl_binary()
    unsafe arguments.left = UnsafeRawPointer(bytes(fields.left))
    unsafe arguments.right = UnsafeRawPointer(bytes(fields.right))
    unsafe arguments.output = bytes(fields.output)
    unsafe arguments.operation = fields.operation.rawValue
    unsafe arguments.axes = Int32(views.extents.count)
    unsafe arguments.extents = eight(views.extents)
    unsafe arguments.left_strides = eight(views.strides[0])
    unsafe arguments.right_strides = eight(views.strides[1])
    unsafe arguments.chunks = Int64(chunks)
    unsafe arguments.lower = fields.lower
    unsafe arguments.upper = fields.upper
    unsafe arguments.left_scale = left.scale
    unsafe arguments.right_scale = right.scale
    unsafe arguments.output_scale = output.scale
    unsafe arguments.left_flip = left.flip
    unsafe arguments.right_flip = right.flip
    unsafe arguments.left_zero_point = left.zeroPoint
    unsafe arguments.right_zero_point = right.zeroPoint
    unsafe arguments.output_zero_point = output.zeroPoint
    unsafe arguments.output_lower = output.lowerBound
    unsafe arguments.output_upper = output.upperBound
    let items = views.extents.dropLast().reduce(chunks, *)
    let isQuantised = output.isQuantised
    // Bytes take some floats' operations each.
    try unsafe step(
      kernel(isQuantised ? SWL_BINARY_Q8 : SWL_BINARY_F32), arguments, count: items, work: output.elementCount, weight: isQuantised ? 2 : 1)
  }
}
