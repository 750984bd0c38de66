import CCUDAKernels
import CKernels
import Inference
import ModelFormat
import Tensors

extension CUDAPreparation {
  mutating func append(_ fields: StridedCopy) throws(InferenceError) {
    let size = tensor(fields.output).elementType.byteCount
    let views = StridedViews(
      extents: fields.extents.map { Int($0) }, strides: [fields.inputStrides.map { Int($0) }, fields.outputStrides.map { Int($0) }])
    var arguments = unsafe swl_copy()
    unsafe arguments.input = UnsafePointer((try address(fields.input) + Int(fields.inputOffset) * size).assumingMemoryBound(to: UInt8.self))
    unsafe arguments.output = (try address(fields.output) + Int(fields.outputOffset) * size).assumingMemoryBound(to: UInt8.self)
    unsafe arguments.element_size = Int32(size)
    unsafe arguments.axes = Int32(views.extents.count)
    unsafe arguments.extents = eight(views.extents)
    unsafe arguments.input_strides = eight(views.strides[0])
    unsafe arguments.output_strides = eight(views.strides[1])
    try unsafe launch(swl_cuda_copy__id, arguments, threads: views.extents.reduce(1, *))
  }

  mutating func append(_ fields: Fill) throws(InferenceError) {
    let output = tensor(fields.output)
    let arguments = unsafe swl_fill(
      output: try address(fields.output).assumingMemoryBound(to: UInt8.self), count: Int64(output.elementCount),
      element_size: Int32(output.elementType.byteCount), pattern: fields.pattern)
    try unsafe launch(swl_cuda_fill__id, arguments, threads: output.elementCount)
  }

  mutating func append(_ fields: Resize) throws(InferenceError) {
    let input = tensor(fields.input)
    let output = tensor(fields.output)
    let arguments = unsafe swl_resize(
      input: UnsafeRawPointer(try address(fields.input)), output: try address(fields.output),
      rows: UnsafePointer(try address(fields.rows).assumingMemoryBound(to: Int32.self)),
      columns: UnsafePointer(try address(fields.columns).assumingMemoryBound(to: Int32.self)),
      row_fractions: UnsafePointer(try address(fields.rowFractions).assumingMemoryBound(to: Float.self)),
      column_fractions: UnsafePointer(try address(fields.columnFractions).assumingMemoryBound(to: Float.self)),
      batch: Int32(input.dimensions[0]), input_height: Int32(input.dimensions[1]), input_width: Int32(input.dimensions[2]),
      output_height: Int32(output.dimensions[1]), output_width: Int32(output.dimensions[2]), channels: Int32(input.dimensions[3]), flip: input.flip)
    try unsafe launch(input.isQuantised ? swl_cuda_resize_q8__id : swl_cuda_resize_f32__id, arguments, threads: output.elementCount)
  }
}
