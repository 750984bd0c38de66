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
    case (false, false): try appendFloat(fields, window)
    case (false, true): try appendFloatDepthwise(fields, window)
    }
  }

  private mutating func appendInteger(_ fields: Convolution, _ window: swl_window) throws(InferenceError) {
    let kernel = unsafe kernel(SWL_CONVOLUTION_Q8)
    var blocking = swl_blocking(window, groups: fields.groups)
    var shape = window
    unsafe swl_plan_blocking(kernel, 2, Int32(options.threads), &shape, &blocking)
    let (requantisation, largestSum) = try unsafe requantisation(fields, depth: Int(blocking.depth))
    let tile = unsafe swl_winograd_size(options.instructionSet.code, &shape, fields.groups, largestSum)
    if tile > 0, unsafe plan.hasRoom(for: Int(swl_packed_winograd_q8_size(&shape, tile))) {
      return try unsafe appendWinograd(fields, window, tile, requantisation)
    }
    let source = unsafe bytes(fields.weights).assumingMemoryBound(to: Int8.self)
    let packed = try unsafe packedWeights(
      fields.weights, as: .convolution(SWL_CONVOLUTION_Q8, blocking), atMost: Int(swl_packed_weights_size(kernel, &blocking, 1))
    ) { unsafe Int(swl_pack_weights_q8(kernel, &blocking, source, $0.assumingMemoryBound(to: Int8.self))) }
    let input = tensor(fields.input)
    let arguments = unsafe swl_convolution_q8(
      input: bytes(fields.input).assumingMemoryBound(to: UInt8.self), output: bytes(fields.output).assumingMemoryBound(to: UInt8.self),
      weights: packed.block.assumingMemoryBound(to: Int8.self), window: window, blocking: blocking, is_pointwise: window.isPointwise, input_flip: input.flip,
      input_zero_point: input.zeroPoint,
      requantisation: requantisation)
    let scratch = unsafe swl_convolution_scratch(kernel, &blocking, 2)
    // Few rows are as fast as their weights are read.
    let pace = blocking.rows >= 16 ? densePace : depthwisePace
    try unsafe step(kernel, arguments, count: Int(swl_blocking_items(&blocking)), work: blocking.work, pace: pace, scratch: scratch)
  }

  private mutating func appendWinograd(
    _ fields: Convolution, _ window: swl_window, _ tile: Int32, _ requantisation: swl_requantisation
  ) throws(InferenceError) {
    var window = window
    var blocking = swl_winograd_blocking()
    unsafe swl_plan_winograd(&window, tile, Int32(options.threads), &blocking)
    let source = unsafe bytes(fields.weights).assumingMemoryBound(to: Int8.self)
    let packed = try unsafe packedWeights(fields.weights, as: .winograd(window, tile), byteCount: Int(swl_packed_winograd_q8_size(&window, tile))) { block in
      unsafe withUnsafePointer(to: window) { unsafe swl_pack_winograd_q8($0, tile, source, block.assumingMemoryBound(to: Int16.self)) }
    }
    let input = tensor(fields.input)
    let arguments = unsafe swl_winograd_q8(
      input: bytes(fields.input).assumingMemoryBound(to: UInt8.self), output: bytes(fields.output).assumingMemoryBound(to: UInt8.self),
      weights: packed.block.assumingMemoryBound(to: Int16.self), window: window, blocking: blocking, input_flip: input.flip,
      input_zero_point: input.zeroPoint,
      requantisation: requantisation)
    let work = tensor(fields.output).elementCount * window.taps * Int(window.input_channels)
    try unsafe step(
      kernel(SWL_WINOGRAD_Q8), arguments, count: Int(swl_winograd_items(&blocking)), work: work, pace: densePace,
      scratch: swl_winograd_scratch(&window, &blocking))
  }

  private mutating func appendIntegerDepthwise(_ fields: Convolution, _ window: swl_window) throws(InferenceError) {
    let kernel = unsafe kernel(SWL_DEPTHWISE_Q8)
    let input = tensor(fields.input)
    let channels = Int(window.input_channels)
    let (requantisation, _) = try unsafe requantisation(fields, depth: window.taps)
    let sizes = unsafe withUnsafePointer(to: window) { window in
      unsafe (packed: Int(swl_packed_depthwise_q8_size(kernel, window)), scratch: swl_depthwise_scratch(window))
    }
    let source = unsafe bytes(fields.weights).assumingMemoryBound(to: Int8.self)
    let packed = try unsafe packedWeights(
      fields.weights, as: .depthwise(SWL_DEPTHWISE_Q8, window), byteCount: sizes.packed
    ) { block in
      unsafe withUnsafePointer(to: window) { unsafe swl_pack_depthwise_q8(kernel, $0, source, block.assumingMemoryBound(to: Int16.self)) }
    }
    let padding = try unsafe plan.allocate(channels)
    unsafe padding.initializeMemory(as: UInt8.self, repeating: UInt8(truncatingIfNeeded: input.zeroPoint), count: channels)
    let arguments = unsafe swl_depthwise_q8(
      input: bytes(fields.input).assumingMemoryBound(to: UInt8.self), output: bytes(fields.output).assumingMemoryBound(to: UInt8.self),
      weights: packed.block.assumingMemoryBound(to: Int16.self), padding: padding.assumingMemoryBound(to: UInt8.self), window: window, input_flip: input.flip,
      input_zero_point: input.zeroPoint,
      requantisation: requantisation)
    let work = tensor(fields.output).elementCount * window.taps
    let items = unsafe withUnsafePointer(to: window) { unsafe Int(swl_depthwise_q8_items(kernel, $0)) }
    try unsafe step(kernel, arguments, count: items, work: work, pace: depthwisePace, scratch: sizes.scratch, shares: items > window.rows ? 8 : 4)
  }

  private mutating func appendFloat(_ fields: Convolution, _ window: swl_window) throws(InferenceError) {
    if let narrow = fields.narrow, rounds(narrow, window, groups: fields.groups) { return try appendRounded(fields, narrow, window) }
    let kernel = unsafe kernel(SWL_CONVOLUTION_F32)
    var blocking = swl_blocking(window, groups: fields.groups)
    unsafe withUnsafePointer(to: window) { unsafe swl_plan_blocking(kernel, 4, Int32(options.threads), $0, &blocking) }
    var scratch = unsafe swl_convolution_scratch(kernel, &blocking, 4)
    var weights: UnsafePointer<Float>?
    var narrow = unsafe swl_narrow_weights()
    if let given = fields.narrow {
      unsafe narrow = try narrowWeights(fields.weights, given, kernel, blocking)
      scratch += unsafe swl_expanded_panel_size(kernel, &blocking)
    } else {
      let source = unsafe bytes(fields.weights).assumingMemoryBound(to: Float.self)
      let packed = try unsafe packedWeights(
        fields.weights, as: .convolution(SWL_CONVOLUTION_F32, blocking), byteCount: Int(swl_packed_weights_size(kernel, &blocking, 4))
      ) { unsafe swl_pack_weights_f32(kernel, &blocking, source, $0.assumingMemoryBound(to: Float.self)) }
      unsafe weights = UnsafePointer(packed.block.assumingMemoryBound(to: Float.self))
    }
    let epilogue = try unsafe epilogue(fields)
    let arguments = unsafe swl_convolution_f32(
      input: bytes(fields.input).assumingMemoryBound(to: Float.self), output: bytes(fields.output).assumingMemoryBound(to: Float.self),
      weights: weights, narrow: narrow, window: window, blocking: blocking, is_pointwise: window.isPointwise, epilogue: epilogue)
    try unsafe step(kernel, arguments, count: Int(swl_blocking_items(&blocking)), work: blocking.work, scratch: scratch)
  }

  private mutating func narrowWeights(
    _ weights: TensorIndex, _ fields: Convolution.NarrowWeights, _ kernel: UnsafePointer<swl_kernel>, _ blocking: swl_blocking
  ) throws(InferenceError) -> swl_narrow_weights {
    var blocking = blocking
    var narrow = unsafe swl_narrow_weights(bits: fields.bits, group: fields.group, panels: nil)
    let source = unsafe bytes(weights).assumingMemoryBound(to: UInt8.self)
    let scales = unsafe bytes(fields.scales).assumingMemoryBound(to: Float.self)
    let packed = try unsafe packedWeights(
      weights, as: .narrow(fields, scalesAt: place(of: fields.scales)?.offset ?? -1, blocking),
      byteCount: Int(swl_packed_narrow_size(kernel, &blocking, &narrow))
    ) { unsafe swl_pack_narrow_weights(kernel, &blocking, &narrow, source, scales, $0.assumingMemoryBound(to: UInt8.self)) }
    unsafe narrow.panels = UnsafePointer(packed.block.assumingMemoryBound(to: UInt8.self))
    return unsafe narrow
  }

  private mutating func appendFloatDepthwise(_ fields: Convolution, _ window: swl_window) throws(InferenceError) {
    let channels = Int(window.input_channels)
    let weights = unsafe bytes(fields.weights).assumingMemoryBound(to: Float.self)
    let packed = try unsafe packedWeights(
      fields.weights, as: .depthwise(SWL_DEPTHWISE_F32, window), byteCount: 4 * channels * window.taps
    ) { block in
      let packed = unsafe block.assumingMemoryBound(to: Float.self)
      for channel in 0..<channels {
        for tap in 0..<window.taps { unsafe packed[tap * channels + channel] = weights[channel * window.taps + tap] }
      }
    }
    let padding = try unsafe plan.allocate(4 * channels).assumingMemoryBound(to: Float.self)
    let epilogue = try unsafe epilogue(fields)
    let arguments = unsafe swl_depthwise_f32(
      input: bytes(fields.input).assumingMemoryBound(to: Float.self), output: bytes(fields.output).assumingMemoryBound(to: Float.self),
      weights: packed.block.assumingMemoryBound(to: Float.self), padding: padding, window: window, epilogue: epilogue)
    let scratch = unsafe withUnsafePointer(to: window) { unsafe swl_depthwise_scratch($0) }
    try unsafe step(kernel(SWL_DEPTHWISE_F32), arguments, count: window.rows, work: tensor(fields.output).elementCount * window.taps, scratch: scratch)
  }
}

extension Preparation {
  mutating func epilogue(_ fields: Convolution) throws(InferenceError) -> swl_epilogue_f32 {
    let channels = tensor(fields.output).dimensions[3]
    let bias: UnsafeMutableRawPointer
    if let index = fields.bias { unsafe bias = bytes(index) } else { unsafe bias = try plan.allocate(4 * channels) }
    return unsafe swl_epilogue_f32(
      bias: bias.assumingMemoryBound(to: Float.self), residual: fields.residual.map { unsafe UnsafePointer(bytes($0).assumingMemoryBound(to: Float.self)) },
      function: fields.function.rawValue, alpha: fields.alpha, beta: fields.beta, lower: fields.lower, upper: fields.upper)
  }

  /// - Parameter depth: products that one sum has.
  /// - Returns: with the largest magnitude that any sum of any input reaches.
  private mutating func requantisation(
    _ fields: Convolution, depth: Int
  ) throws(InferenceError) -> (requantisation: swl_requantisation, largestSum: Int64) {
    let output = tensor(fields.output)
    let channels = output.dimensions[3]
    let magnitudes = weightMagnitudes(fields.weights, channels: channels, depth: depth)
    let (largestSum, largestInput) = try unsafe fields.largestSum(in: program, magnitudes, instruction: index) { unsafe UnsafeRawPointer(bytes($0)) }
    var result = try unsafe fields.requantisation(in: program, instruction: index) { unsafe UnsafeRawPointer(bytes($0)) }
    unsafe swl_mark_narrow(&result, Int64(channels), magnitudes, largestInput)
    return unsafe (result, largestSum)
  }
}

extension PackedWeights.Form {
  static func convolution(_ family: swl_family, _ blocking: swl_blocking) -> PackedWeights.Form {
    // Windows that are read from strips know how far its lines lie apart.
    PackedWeights.Form(
      family: family, sizes: [Int(blocking.groups), Int(blocking.group_outputs), Int(blocking.depth), Int(blocking.strip_run), Int(blocking.strip_pitch)],
      isLasting: blocking.strip_pitch == 0)
  }

  fileprivate static func narrow(_ fields: Convolution.NarrowWeights, scalesAt scales: Int, _ blocking: swl_blocking) -> PackedWeights.Form {
    PackedWeights.Form(
      family: SWL_CONVOLUTION_F32,
      sizes: [Int(blocking.groups), Int(blocking.group_outputs), Int(blocking.depth), Int(fields.bits), Int(fields.group), scales])
  }

  fileprivate static func winograd(_ window: swl_window, _ tile: Int32) -> PackedWeights.Form {
    PackedWeights.Form(family: SWL_WINOGRAD_Q8, sizes: [Int(window.input_channels), Int(window.output_channels), Int(tile)])
  }

  fileprivate static func depthwise(_ family: swl_family, _ window: swl_window) -> PackedWeights.Form {
    // The order of taps follows from how the kernel is walked, and that from the padding, too.
    PackedWeights.Form(
      family: family,
      sizes: [
        window.input_channels, window.kernel_height, window.kernel_width, window.dilation_width, window.stride_width, window.pad_left, window.pad_right,
      ].map { Int($0) })
  }
}

extension swl_blocking {
  /// All but what `swl_plan_blocking` fills in.
  init(_ window: swl_window, groups: Int32) {
    self.init()
    self.groups = groups
    group_inputs = window.input_channels / groups
    group_outputs = window.output_channels / groups
    depth = Int64(window.taps) * Int64(group_inputs)
    rows = Int64(window.rows) * Int64(window.output_width)
  }

  var work: Int { Int(rows * depth) * Int(group_outputs) * Int(groups) }
}
