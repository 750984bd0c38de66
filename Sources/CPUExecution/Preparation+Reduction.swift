import CKernels
import Inference
import ModelFormat
import Tensors

extension Preparation {
  mutating func append(_ fields: Softmax) throws(InferenceError) {
    let output = tensor(fields.output)
    let width = output.dimensions.last ?? 1
    let arguments = unsafe swl_softmax(
      input: bytes(fields.input).assumingMemoryBound(to: Float.self), output: bytes(fields.output).assumingMemoryBound(to: Float.self), width: Int64(width),
      is_logarithmic: fields.isLogarithmic)
    let rows = width == 0 ? 0 : output.elementCount / width
    try unsafe step(kernel(SWL_SOFTMAX_F32), arguments, count: rows, work: 16 * output.elementCount)
  }

  mutating func append(_ fields: Reduction) throws(InferenceError) {
    let input = tensor(fields.input)
    let output = tensor(fields.output)
    let arguments = unsafe swl_reduction(
      input: UnsafeRawPointer(bytes(fields.input)), output: bytes(fields.output), kind: fields.kind.rawValue, outer: Int64(fields.outer),
      reduced: Int64(fields.reduced), inner: Int64(fields.inner), flip: input.flip, input_zero_point: input.zeroPoint, output_zero_point: output.zeroPoint,
      factor: input.scale / output.scale / Float(fields.reduced), output_lower: output.lowerBound, output_upper: output.upperBound,
      type: input.elementType.code)
    let family = input.isQuantised ? SWL_REDUCTION_Q8 : input.elementType == .float32 ? SWL_REDUCTION_F32 : SWL_REDUCTION_WHOLE
    let isCostly = input.elementType != .float32 || fields.kind == .logSumExp
    let work = input.isQuantised || !isCostly ? input.elementCount : 8 * input.elementCount
    let pace = input.isQuantised && fields.kind == .mean ? Self.meanPace(columns: Int(fields.inner)) : 1
    try unsafe step(kernel(family), arguments, count: Self.columnItems(fields.outer, fields.inner), work: work, pace: pace)
  }

  /// Bytes are summed by columns, sixteen and more at a time where there are as many, else four. One column is its rows, one behind the other. On a
  /// Zen 4 with AVX2 a byte took 0.02 ns in one column, 0.5 in two, 0.09 in four or eight, 0.04 in sixteen.
  private static func meanPace(columns: Int) -> Int { columns >= 16 || columns == 1 ? 16 : columns >= 4 ? 4 : 1 }

  mutating func append(_ fields: MatrixProduct) throws(InferenceError) {
    let kernel = unsafe kernel(SWL_MATRIX_PRODUCT_F32)
    let columns = unsafe Int(kernel.pointee.columns)
    let panels = (Int(fields.n) + columns - 1) / columns
    let arguments = unsafe swl_matrix_product(
      left: UnsafePointer(bytes(fields.left).assumingMemoryBound(to: Float.self)),
      right: UnsafePointer(bytes(fields.right).assumingMemoryBound(to: Float.self)),
      output: bytes(fields.output).assumingMemoryBound(to: Float.self), batch: Int64(fields.batch), m: Int64(fields.m), n: Int64(fields.n),
      k: Int64(fields.k), left_batch_stride: fields.leftBatchStride, right_batch_stride: fields.rightBatchStride, panels: Int64(panels),
      is_right_transposed: fields.isRightTransposed)
    let work = [Int(fields.batch), Int(fields.m), Int(fields.n), Int(fields.k)].reduce(1, *)
    try unsafe step(kernel, arguments, count: Int(fields.batch) * panels, work: work, scratch: swl_matrix_product_scratch(kernel, Int64(fields.k)))
  }

  mutating func append(_ fields: Pooling) throws(InferenceError) {
    let input = tensor(fields.input)
    let output = tensor(fields.output)
    let window = swl_window(
      input: input.dimensions, output: output.dimensions, kernel: fields.kernel, strides: fields.strides, dilations: fields.dilations, padding: fields.padding)
    let arguments = unsafe swl_pooling(
      input: UnsafeRawPointer(bytes(fields.input)), output: bytes(fields.output), window: window, is_average: fields.kind == .average,
      counts_padding: fields.countsPadding, input_flip: input.flip, input_zero_point: input.zeroPoint, output_zero_point: output.zeroPoint,
      scale_ratio: input.scale / output.scale, output_lower: output.lowerBound, output_upper: output.upperBound)
    let rows = output.dimensions[0] * output.dimensions[1]
    let work = output.elementCount * Int(fields.kernel.height) * Int(fields.kernel.width)
    let scratch = unsafe withUnsafePointer(to: window) { unsafe swl_pooling_scratch($0) }
    try unsafe step(kernel(input.isQuantised ? SWL_POOLING_Q8 : SWL_POOLING_F32), arguments, count: rows, work: work, scratch: scratch)
  }
}
