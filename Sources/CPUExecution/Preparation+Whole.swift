import CKernels
import Inference
import ModelFormat
import Tensors

extension Preparation {
  mutating func append(_ fields: Arithmetic) throws(InferenceError) {
    let output = tensor(fields.output)
    let axes = BroadcastAxes([fields.left, fields.right].map { tensor($0).dimensions }, to: output.dimensions)
    let arguments = unsafe swl_arithmetic(
      left: UnsafeRawPointer(bytes(fields.left)), right: UnsafeRawPointer(bytes(fields.right)), output: bytes(fields.output),
      operation: fields.operation.rawValue, type: tensor(fields.left).elementType.code, output_type: output.elementType.code, axes: axes.structure)
    try unsafe step(kernel(SWL_ARITHMETIC), arguments, count: axes.items, work: 4 * output.elementCount)
  }

  mutating func append(_ fields: Mapping) throws(InferenceError) {
    let output = tensor(fields.output)
    let arguments = unsafe swl_mapping(
      input: UnsafeRawPointer(bytes(fields.input)), output: bytes(fields.output), count: Int64(output.elementCount), function: fields.function.rawValue,
      type: tensor(fields.input).elementType.code, output_type: output.elementType.code)
    try unsafe step(kernel(SWL_MAPPING), arguments, count: Self.chunks(output.elementCount), work: 2 * output.elementCount)
  }

  mutating func append(cast fields: Conversion) throws(InferenceError) {
    let output = tensor(fields.output)
    let arguments = unsafe swl_cast(
      input: UnsafeRawPointer(bytes(fields.input)), output: bytes(fields.output), count: Int64(output.elementCount),
      type: tensor(fields.input).elementType.code, output_type: output.elementType.code)
    try unsafe step(kernel(SWL_CAST), arguments, count: Self.chunks(output.elementCount), work: 2 * output.elementCount)
  }

  mutating func append(_ fields: Select) throws(InferenceError) {
    let output = tensor(fields.output)
    let axes = BroadcastAxes([fields.condition, fields.onTrue, fields.onFalse].map { tensor($0).dimensions }, to: output.dimensions)
    let arguments = unsafe swl_select(
      condition: UnsafePointer(bytes(fields.condition).assumingMemoryBound(to: UInt8.self)), on_true: UnsafeRawPointer(bytes(fields.onTrue)),
      on_false: UnsafeRawPointer(bytes(fields.onFalse)), output: bytes(fields.output), element_size: Int32(output.elementType.byteCount),
      axes: axes.structure)
    try unsafe step(kernel(SWL_SELECT), arguments, count: axes.items, work: output.elementCount)
  }
}

/// Operands that broadcast to a dense output, as the kernels walk them.
private struct BroadcastAxes {
  let structure: swl_broadcast
  /// Chunks of the last axis at all positions of the others.
  let items: Int

  /// - Precondition: at most three operands.
  init(_ operands: [[Int]], to output: [Int]) {
    let views = StridedViews(extents: output, strides: operands.map { $0.broadcastStrides(to: output) } + [output.rowMajorStrides])
    let chunks = Preparation.chunks(views.extents.last ?? 1)
    structure = swl_broadcast(
      axes: Int32(views.extents.count), extents: eight(views.extents), first_strides: eight(views.strides[0]),
      second_strides: eight(views.strides[1]), third_strides: eight(operands.count > 2 ? views.strides[2] : []), chunks: Int64(chunks))
    items = views.extents.dropLast().reduce(chunks, *)
  }
}

extension ElementType {
  /// The kernels' number for the type.
  var code: Int32 { Int32(rawValue) }
}
