import CCUDAKernels
import CKernels
import Inference
import ModelFormat
import Tensors

/// Whole numbers, truth values, casts and choices.
extension CUDAPreparation {
  mutating func append(_ fields: Arithmetic) throws(InferenceError) {
    let output = tensor(fields.output)
    let arguments = unsafe swl_arithmetic(
      left: UnsafeRawPointer(try address(fields.left)), right: UnsafeRawPointer(try address(fields.right)), output: try address(fields.output),
      operation: fields.operation.rawValue, type: tensor(fields.left).elementType.code, output_type: output.elementType.code,
      axes: broadcast([fields.left, fields.right], to: fields.output))
    try unsafe launch(swl_cuda_arithmetic__id, arguments, threads: output.elementCount, work: 4 * output.elementCount)
  }

  mutating func append(_ fields: Mapping) throws(InferenceError) {
    let output = tensor(fields.output)
    let arguments = unsafe swl_mapping(
      input: UnsafeRawPointer(try address(fields.input)), output: try address(fields.output), count: Int64(output.elementCount),
      function: fields.function.rawValue, type: tensor(fields.input).elementType.code, output_type: output.elementType.code)
    try unsafe launch(swl_cuda_mapping__id, arguments, threads: output.elementCount)
  }

  mutating func append(cast fields: Conversion) throws(InferenceError) {
    let output = tensor(fields.output)
    let arguments = unsafe swl_cast(
      input: UnsafeRawPointer(try address(fields.input)), output: try address(fields.output), count: Int64(output.elementCount),
      type: tensor(fields.input).elementType.code, output_type: output.elementType.code)
    try unsafe launch(swl_cuda_cast__id, arguments, threads: output.elementCount, work: 2 * output.elementCount)
  }

  mutating func append(_ fields: Select) throws(InferenceError) {
    let output = tensor(fields.output)
    let arguments = unsafe swl_select(
      condition: UnsafePointer(try address(fields.condition).assumingMemoryBound(to: UInt8.self)), on_true: UnsafeRawPointer(try address(fields.onTrue)),
      on_false: UnsafeRawPointer(try address(fields.onFalse)), output: try address(fields.output), element_size: Int32(output.elementType.byteCount),
      axes: broadcast([fields.condition, fields.onTrue, fields.onFalse], to: fields.output))
    try unsafe launch(swl_cuda_select__id, arguments, threads: output.elementCount)
  }

  /// - Precondition: at most three operands.
  private func broadcast(_ operands: [TensorIndex], to output: TensorIndex) -> swl_broadcast {
    let extents = tensor(output).dimensions
    let views = StridedViews(
      extents: extents, strides: operands.map { tensor($0).dimensions.broadcastStrides(to: extents) } + [extents.rowMajorStrides])
    return swl_broadcast(
      axes: Int32(views.extents.count), extents: eight(views.extents), first_strides: eight(views.strides[0]),
      second_strides: eight(views.strides[1]), third_strides: eight(operands.count > 2 ? views.strides[2] : []), chunks: 1)
  }

  /// The weights less their zero points, in 16 bits, `[depth][output channel]`.
  mutating func append(_ fields: IntegerConvolution) throws(InferenceError) {
    let (input, weights, output) = (tensor(fields.input), tensor(fields.weights), tensor(fields.output))
    let window = swl_window(
      input: input.dimensions, output: output.dimensions, kernel: HeightWidth(Int32(weights.dimensions[1]), Int32(weights.dimensions[2])),
      strides: fields.strides, dilations: fields.dilations, padding: fields.padding)
    try check(window)
    let (count, outputs) = (weights.elementCount, weights.dimensions[0])
    let depth = count / max(outputs, 1)
    let isSigned = weights.elementType == .int8
    let value = { (byte: UInt8) in isSigned ? Int16(Int8(bitPattern: byte)) : Int16(byte) }
    let zeros = fields.weightZeroPoints.map { unsafe hostBytes($0).map(value) } ?? [0]
    // Their place stands for what they hold: constants don't change.
    var zerosPlace = -1
    if let index = fields.weightZeroPoints, case .weights(let offset) = tensor(index).storage { zerosPlace = offset }
    let sizes = [2, depth, isSigned ? 1 : 0, zerosPlace, zeros.count]
    let shifted = try unsafe constant(fields.weights, .columns, sizes, 2 * count) { loading, address, bytes throws(InferenceError) in
      var shifted = [Int16](repeating: 0, count: count)
      for output in 0..<outputs {
        let zero = zeros[zeros.count == 1 ? 0 : output]
        for k in 0..<depth { shifted[k * outputs + output] = unsafe value(bytes[output * depth + k]) - zero }
      }
      try loading.fill(address, with: shifted)
    }
    var arguments = unsafe swl_convolution_q32()
    unsafe arguments.input = UnsafePointer(try address(fields.input).assumingMemoryBound(to: UInt8.self))
    if let zero = fields.inputZeroPoint { unsafe arguments.input_zero_point = UnsafePointer(try address(zero).assumingMemoryBound(to: UInt8.self)) }
    unsafe arguments.input_flip = input.flip
    unsafe arguments.weights = UnsafePointer(bitPattern: UInt(shifted))
    unsafe arguments.output = try address(fields.output).assumingMemoryBound(to: Int32.self)
    unsafe arguments.window = window
    unsafe arguments.groups = fields.groups
    try unsafe launch(
      swl_cuda_convolution_q32__id, arguments, threads: output.elementCount, work: product(output.elementCount, depth), serial: depth)
  }
}

extension ElementType {
  /// The kernels' number for the type.
  var code: Int32 { Int32(rawValue) }
}
