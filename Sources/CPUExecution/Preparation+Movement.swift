import CKernels
import Inference
import ModelFormat
import Tensors

extension Preparation {
  mutating func append(_ fields: StridedCopy) throws(InferenceError) {
    let size = tensor(fields.output).elementType.byteCount
    let views = StridedViews(
      extents: fields.extents.map { Int($0) }, strides: [fields.inputStrides.map { Int($0) }, fields.outputStrides.map { Int($0) }])
    let chunks = Self.chunks(views.extents.last ?? 1)
    var arguments = unsafe swl_copy()
    unsafe arguments.input = UnsafePointer((bytes(fields.input) + Int(fields.inputOffset) * size).assumingMemoryBound(to: UInt8.self))
    unsafe arguments.output = (bytes(fields.output) + Int(fields.outputOffset) * size).assumingMemoryBound(to: UInt8.self)
    unsafe arguments.element_size = Int32(size)
    unsafe arguments.axes = Int32(views.extents.count)
    unsafe arguments.extents = eight(views.extents)
    unsafe arguments.input_strides = eight(views.strides[0])
    unsafe arguments.output_strides = eight(views.strides[1])
    unsafe arguments.chunks = Int64(chunks)
    let items = views.extents.dropLast().reduce(chunks, *)
    // A transposition takes sixteen rows at a time.
    let transposes = views.extents.count > 1 && views.strides[0].last != 1 && views.strides[0][views.extents.count - 2] == 1
    // Where another thread wrote half of the elements, one alone fetches them from its cache in longer time than it takes to copy them.
    try unsafe step(
      kernel(SWL_COPY), arguments, count: items, work: views.extents.reduce(1, *), weight: 4, together: transposes ? 16 * chunks : 1)
  }

  mutating func append(_ fields: Fill) throws(InferenceError) {
    let output = tensor(fields.output)
    let arguments = unsafe swl_fill(
      output: bytes(fields.output).assumingMemoryBound(to: UInt8.self), count: Int64(output.elementCount),
      element_size: Int32(output.elementType.byteCount), pattern: fields.pattern)
    try unsafe step(kernel(SWL_FILL), arguments, count: Self.chunks(output.elementCount), work: output.elementCount)
  }

  mutating func append(_ fields: Resize) throws(InferenceError) {
    let input = tensor(fields.input)
    let output = tensor(fields.output)
    let arguments = unsafe swl_resize(
      input: UnsafeRawPointer(bytes(fields.input)), output: bytes(fields.output),
      rows: UnsafePointer(bytes(fields.rows).assumingMemoryBound(to: Int32.self)),
      columns: UnsafePointer(bytes(fields.columns).assumingMemoryBound(to: Int32.self)),
      row_fractions: UnsafePointer(bytes(fields.rowFractions).assumingMemoryBound(to: Float.self)),
      column_fractions: UnsafePointer(bytes(fields.columnFractions).assumingMemoryBound(to: Float.self)),
      batch: Int32(input.dimensions[0]), input_height: Int32(input.dimensions[1]), input_width: Int32(input.dimensions[2]),
      output_height: Int32(output.dimensions[1]), output_width: Int32(output.dimensions[2]), channels: Int32(input.dimensions[3]), flip: input.flip)
    let rows = output.dimensions[0] * output.dimensions[1]
    try unsafe step(kernel(input.isQuantised ? SWL_RESIZE_Q8 : SWL_RESIZE_F32), arguments, count: rows, work: output.elementCount)
  }
}
