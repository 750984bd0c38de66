import CCUDAKernels
import CKernels
import Inference
import ModelFormat
import Tensors

extension CUDAPreparation {
  mutating func append(_ fields: Unary) throws(InferenceError) {
    let count = tensor(fields.output).elementCount
    guard fields.function.isExact else {
      let library = unsafe swl_cuda_library_f32(
        input: try floats(fields.input), residual: nil, output: try written(fields.output), count: Int64(count), function: fields.function.rawValue,
        alpha: fields.alpha, beta: fields.beta, lower: 0, upper: 0, is_bounded: false)
      return try unsafe launch(swl_cuda_library_f32__id, library, threads: count, work: 16 * count)
    }
    let arguments = unsafe swl_unary(
      input: try address(fields.input).assumingMemoryBound(to: Float.self), output: try address(fields.output).assumingMemoryBound(to: Float.self),
      count: Int64(count), function: fields.function.rawValue, alpha: fields.alpha, beta: fields.beta)
    try unsafe launch(swl_cuda_unary_f32__id, arguments, threads: count, work: 8 * count)
  }

  /// A convolution whose function the device's mathematical library computes: its sums first, the rest where they lie.
  mutating func appendLibrary(_ fields: Convolution) throws(InferenceError) {
    var sums = fields
    sums.function = .identity
    sums.residual = nil
    (sums.lower, sums.upper) = (-.infinity, .infinity)
    try append(sums)
    let count = tensor(fields.output).elementCount
    let residual: UnsafePointer<Float>? = if let residual = fields.residual { try unsafe floats(residual) } else { nil }
    let arguments = unsafe swl_cuda_library_f32(
      input: try floats(fields.output), residual: residual, output: try written(fields.output), count: Int64(count), function: fields.function.rawValue,
      alpha: fields.alpha, beta: fields.beta, lower: fields.lower, upper: fields.upper, is_bounded: true)
    try unsafe launch(swl_cuda_library_f32__id, arguments, threads: count, work: 16 * count)
  }

  mutating func append(_ fields: Lookup) throws(InferenceError) {
    let count = tensor(fields.output).elementCount
    let arguments = unsafe swl_lookup(
      input: try address(fields.input).assumingMemoryBound(to: UInt8.self), table: try address(fields.table).assumingMemoryBound(to: UInt8.self),
      output: try address(fields.output).assumingMemoryBound(to: UInt8.self), count: Int64(count))
    try unsafe launch(swl_cuda_lookup__id, arguments, threads: count)
  }

  mutating func append(_ fields: Conversion, quantises: Bool) throws(InferenceError) {
    let integer = tensor(quantises ? fields.output : fields.input)
    let count = integer.elementCount
    let arguments = unsafe swl_conversion(
      input: try address(fields.input), output: try address(fields.output), count: Int64(count), scale: integer.scale, zero_point: integer.zeroPoint,
      flip: integer.flip, lower: integer.lowerBound, upper: integer.upperBound)
    try unsafe launch(quantises ? swl_cuda_quantise__id : swl_cuda_dequantise__id, arguments, threads: count)
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
    var arguments = unsafe swl_binary()
    unsafe arguments.left = UnsafeRawPointer(try address(fields.left))
    unsafe arguments.right = UnsafeRawPointer(try address(fields.right))
    unsafe arguments.output = try address(fields.output)
    unsafe arguments.operation = fields.operation.rawValue
    unsafe arguments.axes = Int32(views.extents.count)
    unsafe arguments.extents = eight(views.extents)
    unsafe arguments.left_strides = eight(views.strides[0])
    unsafe arguments.right_strides = eight(views.strides[1])
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
    let kernel =
      if fields.operation == .power { output.isQuantised ? swl_cuda_power_q8__id : swl_cuda_power_f32__id } else {
        output.isQuantised ? swl_cuda_binary_q8__id : swl_cuda_binary_f32__id
      }
    try unsafe launch(kernel, arguments, threads: output.elementCount)
  }

  mutating func append(_ fields: Softmax) throws(InferenceError) {
    let output = tensor(fields.output)
    let width = output.dimensions.last ?? 1
    let arguments = unsafe swl_softmax(
      input: try address(fields.input).assumingMemoryBound(to: Float.self), output: try address(fields.output).assumingMemoryBound(to: Float.self),
      width: Int64(width), is_logarithmic: fields.isLogarithmic)
    let rows = width == 0 ? 0 : output.elementCount / width
    try unsafe plan.append(
      swl_cuda_softmax_f32__id, of: device, arguments, grid: (rows, 1, 1), work: 16 * output.elementCount, serial: width / 16, instruction: index)
  }

  mutating func append(_ fields: Reduction) throws(InferenceError) {
    let input = tensor(fields.input)
    let output = tensor(fields.output)
    let arguments = unsafe swl_reduction(
      input: UnsafeRawPointer(try address(fields.input)), output: try address(fields.output), kind: fields.kind.rawValue, outer: Int64(fields.outer),
      reduced: Int64(fields.reduced), inner: Int64(fields.inner), flip: input.flip, input_zero_point: input.zeroPoint,
      output_zero_point: output.zeroPoint, factor: input.scale / output.scale / Float(fields.reduced), output_lower: output.lowerBound,
      output_upper: output.upperBound, type: input.elementType.code)
    let (count, reduced) = (Int(fields.outer) * Int(fields.inner), Int(fields.reduced))
    guard input.isQuantised else {
      let kernel =
        if input.elementType != .float32 { swl_cuda_reduction_whole__id } else {
          fields.kind == .logSumExp ? swl_cuda_log_sum_exp_f32__id : swl_cuda_reduction_f32__id
        }
      // Its exponentials are of doubles.
      let cost = fields.kind == .logSumExp ? 32 : 1
      return try unsafe launch(kernel, arguments, threads: count, work: product(8 * cost, input.elementCount), serial: product(cost, reduced))
    }
    unsafe try checkFinite(arguments.factor, of: "a reduction")
    guard reduced > Self.longestReductionOfThread else {
      return try unsafe launch(swl_cuda_reduction_q8__id, arguments, threads: count, work: input.elementCount, serial: reduced)
    }
    try unsafe plan.append(
      swl_cuda_reduction_q8__block__id, of: device, arguments, grid: (count, 1, 1), work: input.elementCount, serial: reduced / 128 + 128,
      instruction: index)
  }

  /// More elements share a block's threads among them, the rest leave it to one.
  static let longestReductionOfThread = 512

  mutating func append(_ fields: Pooling) throws(InferenceError) {
    let input = tensor(fields.input)
    let output = tensor(fields.output)
    let window = swl_window(
      input: input.dimensions, output: output.dimensions, kernel: fields.kernel, strides: fields.strides, dilations: fields.dilations, padding: fields.padding)
    try check(window)
    let arguments = unsafe swl_pooling(
      input: UnsafeRawPointer(try address(fields.input)), output: try address(fields.output), window: window, is_average: fields.kind == .average,
      counts_padding: fields.countsPadding, input_flip: input.flip, input_zero_point: input.zeroPoint, output_zero_point: output.zeroPoint,
      scale_ratio: input.scale / output.scale, output_lower: output.lowerBound, output_upper: output.upperBound)
    unsafe try checkFinite(arguments.scale_ratio, of: "pooling")
    try unsafe launch(
      input.isQuantised ? swl_cuda_pooling_q8__id : swl_cuda_pooling_f32__id, arguments, threads: output.elementCount,
      work: output.elementCount * window.taps, serial: window.taps)
  }
}
