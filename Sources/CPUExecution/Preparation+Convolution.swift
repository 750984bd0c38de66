import CKernels
import Inference
import ModelFormat
import Tensors

extension Preparation {
  mutating func append(_ fields: Convolution) throws(InferenceError) {
    let input = tensor(fields.input)
    let weights = tensor(fields.weights)
    let output = tensor(fields.output)
    let window = swl_window(
      input: input.dimensions, output: output.dimensions, kernel: HeightWidth(Int32(weights.dimensions[1]), Int32(weights.dimensions[2])),
      strides: fields.strides, dilations: fields.dilations, padding: fields.padding)
    let isDepthwise = fields.groups > 1 && fields.groups == window.input_channels && fields.groups == window.output_channels
    switch (input.isQuantised, isDepthwise) {
    case (true, false): try appendInteger(fields, window)
    case (true, true): try appendIntegerDepthwise(fields, window)
    case (false, false): appendFloat(fields, window)
    case (false, true): appendFloatDepthwise(fields, window)
    }
  }

  private mutating func appendInteger(_ fields: Convolution, _ window: swl_window) throws(InferenceError) {
    let kernel = unsafe kernel(SWL_CONVOLUTION_Q8)
    var blocking = swl_blocking(window, groups: fields.groups)
    unsafe swl_plan_blocking(kernel, 2, Int32(options.threads), &blocking)
    let requantisation = try unsafe requantisation(fields, depth: Int(blocking.depth))
    let packed = unsafe plan.allocate(Int(swl_packed_weights_size(kernel, &blocking, 1))).assumingMemoryBound(to: Int8.self)
    unsafe swl_pack_weights_q8(kernel, &blocking, bytes(fields.weights).assumingMemoryBound(to: Int8.self), packed)
    let input = tensor(fields.input)
    let arguments = unsafe swl_convolution_q8(
      input: bytes(fields.input).assumingMemoryBound(to: UInt8.self), output: bytes(fields.output).assumingMemoryBound(to: UInt8.self),
      weights: packed, window: window, blocking: blocking, is_pointwise: window.isPointwise, input_flip: input.flip, input_zero_point: input.zeroPoint,
      requantisation: requantisation)
    let scratch = unsafe swl_convolution_scratch(kernel, &blocking, 2)
    unsafe step(kernel, arguments, count: Int(swl_blocking_items(&blocking)), work: blocking.work, scratch: scratch)
  }

  private mutating func appendIntegerDepthwise(_ fields: Convolution, _ window: swl_window) throws(InferenceError) {
    let kernel = unsafe kernel(SWL_DEPTHWISE_Q8)
    let input = tensor(fields.input)
    let channels = Int(window.input_channels)
    let requantisation = try unsafe requantisation(fields, depth: window.taps)
    let sizes = unsafe withUnsafePointer(to: window) { window in
      unsafe (packed: Int(swl_packed_depthwise_q8_size(kernel, window)), scratch: swl_depthwise_scratch(window))
    }
    let packed = unsafe plan.allocate(sizes.packed).assumingMemoryBound(to: Int16.self)
    unsafe withUnsafePointer(to: window) { window in
      unsafe swl_pack_depthwise_q8(kernel, window, bytes(fields.weights).assumingMemoryBound(to: Int8.self), packed)
    }
    let padding = unsafe plan.allocate(channels)
    unsafe padding.initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: input.zeroPoint), count: channels)
    let arguments = unsafe swl_depthwise_q8(
      input: bytes(fields.input).assumingMemoryBound(to: UInt8.self), output: bytes(fields.output).assumingMemoryBound(to: UInt8.self), weights: packed,
      padding: padding.assumingMemoryBound(to: UInt8.self), window: window, input_flip: input.flip, input_zero_point: input.zeroPoint,
      requantisation: requantisation)
    unsafe step(kernel, arguments, count: window.rows, work: tensor(fields.output).elementCount * window.taps, scratch: sizes.scratch)
  }

  private mutating func appendFloat(_ fields: Convolution, _ window: swl_window) {
    let kernel = unsafe kernel(SWL_CONVOLUTION_F32)
    var blocking = swl_blocking(window, groups: fields.groups)
    unsafe swl_plan_blocking(kernel, 4, Int32(options.threads), &blocking)
    let packed = unsafe plan.allocate(Int(swl_packed_weights_size(kernel, &blocking, 4))).assumingMemoryBound(to: Float.self)
    unsafe swl_pack_weights_f32(kernel, &blocking, bytes(fields.weights).assumingMemoryBound(to: Float.self), packed)
    let arguments = unsafe swl_convolution_f32(
      input: bytes(fields.input).assumingMemoryBound(to: Float.self), output: bytes(fields.output).assumingMemoryBound(to: Float.self), weights: packed,
      window: window, blocking: blocking, is_pointwise: window.isPointwise, epilogue: epilogue(fields))
    let scratch = unsafe swl_convolution_scratch(kernel, &blocking, 4)
    unsafe step(kernel, arguments, count: Int(swl_blocking_items(&blocking)), work: blocking.work, scratch: scratch)
  }

  private mutating func appendFloatDepthwise(_ fields: Convolution, _ window: swl_window) {
    let channels = Int(window.input_channels)
    let packed = unsafe plan.allocate(4 * channels * window.taps).assumingMemoryBound(to: Float.self)
    let weights = unsafe bytes(fields.weights).assumingMemoryBound(to: Float.self)
    for channel in 0..<channels {
      for tap in 0..<window.taps { unsafe packed[tap * channels + channel] = weights[channel * window.taps + tap] }
    }
    let padding = unsafe plan.allocate(4 * channels).assumingMemoryBound(to: Float.self)
    let arguments = unsafe swl_depthwise_f32(
      input: bytes(fields.input).assumingMemoryBound(to: Float.self), output: bytes(fields.output).assumingMemoryBound(to: Float.self), weights: packed,
      padding: padding, window: window, epilogue: epilogue(fields))
    let scratch = unsafe withUnsafePointer(to: window) { unsafe swl_depthwise_scratch($0) }
    unsafe step(kernel(SWL_DEPTHWISE_F32), arguments, count: window.rows, work: tensor(fields.output).elementCount * window.taps, scratch: scratch)
  }
}

extension Preparation {
  private mutating func epilogue(_ fields: Convolution) -> swl_epilogue_f32 {
    let channels = tensor(fields.output).dimensions[3]
    let bias = unsafe fields.bias.map { unsafe bytes($0) } ?? plan.allocate(4 * channels)
    return unsafe swl_epilogue_f32(
      bias: bias.assumingMemoryBound(to: Float.self), residual: fields.residual.map { unsafe UnsafePointer(bytes($0).assumingMemoryBound(to: Float.self)) },
      function: fields.function.rawValue, alpha: fields.alpha, beta: fields.beta, lower: fields.lower, upper: fields.upper)
  }

  /// - Parameter depth: products that one sum has.
  private mutating func requantisation(_ fields: Convolution, depth: Int) throws(InferenceError) -> swl_requantisation {
    let input = tensor(fields.input)
    let output = tensor(fields.output)
    guard let biasIndex = fields.bias, let multipliersIndex = fields.multipliers, let range = input.elementType.eightBitRange else {
      throw InferenceError(.malformedProgram, "instruction \(index) into '\(output.name)' lacks bias or multipliers")
    }
    let bias = unsafe UnsafePointer(bytes(biasIndex).assumingMemoryBound(to: Int32.self))
    let multipliers = unsafe UnsafePointer(bytes(multipliersIndex).assumingMemoryBound(to: Float.self))
    let channels = output.dimensions[3]
    for channel in 0..<channels {
      guard unsafe multipliers[channel].isFinite else {
        throw InferenceError(.malformedProgram, "instruction \(index) into '\(output.name)': the multiplier of channel \(channel) is not finite")
      }
    }
    let largestInput = max(range.upperBound - input.zeroPoint, input.zeroPoint - range.lowerBound)
    let weights = unsafe bytes(fields.weights).assumingMemoryBound(to: Int8.self)
    let largestSum = unsafe swl_largest_sum(weights, bias, Int64(channels), Int64(depth), largestInput)
    guard largestSum <= Int64(Int32.max) else {
      throw InferenceError(.sumOverflow, "instruction \(index) into '\(output.name)': its sums can reach \(largestSum), which 32 bits can't hold")
    }
    let residual = fields.residual.map { tensor($0) }
    var result = unsafe swl_requantisation()
    unsafe result.bias = bias
    unsafe result.multipliers = multipliers
    unsafe result.middle_lower = Float(fields.middleLower - fields.middleZeroPoint)
    unsafe result.middle_upper = Float(fields.middleUpper - fields.middleZeroPoint)
    unsafe result.middle_zero_point = fields.middleZeroPoint
    unsafe result.table = fields.table.map { unsafe UnsafePointer(bytes($0).assumingMemoryBound(to: UInt8.self)) }
    unsafe result.table_zero_point = fields.tableZeroPoint
    unsafe result.output_flip = output.flip
    unsafe result.residual = fields.residual.map { unsafe UnsafePointer(bytes($0).assumingMemoryBound(to: UInt8.self)) }
    unsafe result.residual_flip = residual?.flip ?? 0
    unsafe result.residual_zero_point = residual?.zeroPoint ?? 0
    unsafe result.middle_scale = fields.middleScale
    unsafe result.residual_scale = residual?.scale ?? 1
    unsafe result.output_scale = output.scale
    unsafe result.output_lower = Float(fields.outputLower - output.zeroPoint)
    unsafe result.output_upper = Float(fields.outputUpper - output.zeroPoint)
    unsafe result.output_zero_point = output.zeroPoint
    unsafe swl_mark_narrow(&result, Int64(channels), largestSum)
    return unsafe result
  }
}

extension swl_window {
  fileprivate var taps: Int { Int(kernel_height) * Int(kernel_width) }
  fileprivate var rows: Int { Int(batch) * Int(output_height) }

  /// Whether output pixel `i` reads exactly input pixel `i`.
  fileprivate var isPointwise: Bool {
    taps == 1 && stride_height == 1 && stride_width == 1 && pad_top == 0 && pad_left == 0 && output_height == input_height && output_width == input_width
  }
}

extension swl_blocking {
  /// All but what `swl_plan_blocking` fills in.
  fileprivate init(_ window: swl_window, groups: Int32) {
    self.init()
    self.groups = groups
    group_inputs = window.input_channels / groups
    group_outputs = window.output_channels / groups
    depth = Int64(window.taps) * Int64(group_inputs)
    padded_depth = (depth + 7) / 8 * 8
    rows = Int64(window.rows) * Int64(window.output_width)
  }

  fileprivate var work: Int { Int(rows * depth) * Int(group_outputs) * Int(groups) }
}
