import CCUDAKernels
import CKernels
import Inference
import ModelFormat
import Tensors

extension CUDAPreparation {
  mutating func append(_ fields: Convolution) throws(InferenceError) {
    let input = tensor(fields.input)
    let weights = tensor(fields.weights)
    guard case .weights = weights.storage else {
      throw InferenceError(.unsupported, "instruction \(index): the weights of a convolution aren't constant")
    }
    let window = swl_window(
      input: input.dimensions, output: tensor(fields.output).dimensions, kernel: HeightWidth(Int32(weights.dimensions[1]), Int32(weights.dimensions[2])),
      strides: fields.strides, dilations: fields.dilations, padding: fields.padding)
    try check(window)
    guard fields.function.isExact else { return try appendLibrary(fields) }
    if let narrow = fields.narrow { return try appendNarrow(fields, narrow, window) }
    guard input.isQuantised else { return try appendFloat(fields, window) }
    let isDepthwise = fields.groups > 1 && fields.groups == window.input_channels && fields.groups == window.output_channels
    if isDepthwise { try appendDepthwise(fields, window) } else { try appendInteger(fields, window) }
  }

  /// Kernels count pixels in 32 bits.
  func check(_ window: swl_window) throws(InferenceError) {
    let reach = [
      Int(window.dilation_height) * Int(window.kernel_height), Int(window.dilation_width) * Int(window.kernel_width),
      Int(window.stride_height) * Int(window.output_height), Int(window.stride_width) * Int(window.output_width), Int(window.pad_top),
      Int(window.pad_left), Int(window.pad_bottom), Int(window.pad_right), Int(window.input_height), Int(window.input_width),
    ]
    let pixels = Int(window.output_height).multipliedReportingOverflow(by: Int(window.output_width))
    guard reach.allSatisfy({ $0 <= 1 << 28 }), !pixels.overflow, pixels.partialValue <= Int(Int32.max) else {
      throw InferenceError(.unsupported, "instruction \(index): an image, or what a kernel reaches beyond it, is too large for a device")
    }
  }

  private mutating func appendInteger(_ fields: Convolution, _ window: swl_window) throws(InferenceError) {
    let input = tensor(fields.input)
    let tile = Int(SWL_CUDA_TILE)
    let form = WordForm(window, groups: Int(fields.groups))
    let requantisation = try unsafe requantisation(fields, depth: form.depth)
    let packed = try unsafe constant(fields.weights, .words, form.sizes, form.byteCount) { loading, address, bytes throws(InferenceError) in
      try unsafe loading.fill(address, with: form.packed(bytes))
    }
    let sums = try weightSums(fields.weights, channels: form.outputs * form.groups, depth: form.depth)
    let offset = input.flip == 0 ? Int32(128) : 0
    let zeroPoint = input.zeroPoint - offset
    let source = try unsafe address(fields.input)
    let hasWholeWords = form.inputs % 4 == 0 && Int(window.input_channels) % 4 == 0 && UInt(bitPattern: source) % 4 == 0
    let arguments = unsafe swl_cuda_convolution_q8(
      input: UnsafePointer(source.assumingMemoryBound(to: UInt8.self)), output: try address(fields.output).assumingMemoryBound(to: UInt8.self),
      weights: UnsafePointer(bitPattern: UInt(packed)), weight_sums: UnsafePointer(bitPattern: UInt(sums)), window: window,
      group_inputs: Int32(form.inputs), group_outputs: Int32(form.outputs), padded_outputs: Int32(form.paddedOutputs),
      words_per_tap: Int32(form.wordsPerTap), words: Int32(form.words), input_mask: offset == 0 ? 0 : 0x8080_8080,
      padding: UInt32(UInt8(truncatingIfNeeded: zeroPoint)) &* 0x0101_0101, zero_point: zeroPoint, is_pointwise: window.isPointwise,
      has_whole_words: hasWholeWords, requantisation: requantisation)
    let rows = window.rows * Int(window.output_width)
    try unsafe plan.append(
      multiplication.kernel, of: device, arguments, grid: ((rows + tile - 1) / tile, form.paddedOutputs / tile, form.groups),
      work: form.work(rows: rows), serial: form.words, instruction: index)
  }

  private mutating func appendDepthwise(_ fields: Convolution, _ window: swl_window) throws(InferenceError) {
    let input = tensor(fields.input)
    let (channels, taps) = (Int(window.input_channels), window.taps)
    let padded = (channels + 3) / 4 * 4
    let requantisation = try unsafe requantisation(fields, depth: taps)
    let packed = try unsafe constant(fields.weights, .taps, [channels, taps], padded * taps) { loading, address, bytes throws(InferenceError) in
      var tapped = [UInt8](repeating: 0, count: padded * taps)
      for channel in 0..<channels {
        for tap in 0..<taps { tapped[tap * padded + channel] = unsafe bytes[channel * taps + tap] }
      }
      try loading.fill(address, with: tapped)
    }
    let source = try unsafe address(fields.input)
    let arguments = unsafe swl_cuda_depthwise_q8(
      input: UnsafePointer(source.assumingMemoryBound(to: UInt8.self)), output: try address(fields.output).assumingMemoryBound(to: UInt8.self),
      weights: UnsafePointer(bitPattern: UInt(packed)), window: window, padded_channels: Int32(padded),
      has_whole_words: channels % 4 == 0 && UInt(bitPattern: source) % 4 == 0, input_flip: input.flip, input_zero_point: input.zeroPoint,
      requantisation: requantisation)
    let pixels = window.rows * Int(window.output_width)
    try unsafe launch(swl_cuda_depthwise_q8__id, arguments, threads: pixels * padded / 4, work: pixels * padded * taps, serial: taps)
  }

  private mutating func appendFloat(_ fields: Convolution, _ window: swl_window) throws(InferenceError) {
    let (outputs, groups) = (Int(window.output_channels), Int(fields.groups))
    let inputs = Int(window.input_channels) / groups
    let depth = window.taps * inputs
    let columns = try turnedColumns(fields.weights, outputs: outputs, depth: depth)
    let arguments = unsafe swl_cuda_convolution_f32(
      input: UnsafePointer(try address(fields.input).assumingMemoryBound(to: Float.self)),
      output: try address(fields.output).assumingMemoryBound(to: Float.self), weights: UnsafePointer(bitPattern: UInt(columns)), window: window,
      group_inputs: Int32(inputs), group_outputs: Int32(outputs / groups), epilogue: try epilogue(fields, outputs: outputs))
    let count = window.rows * Int(window.output_width) * outputs
    try unsafe launch(swl_cuda_convolution_f32__id, arguments, threads: count, work: count * depth, serial: depth)
  }

  /// Floats of `[outputs, depth]` as `[depth][output]`.
  mutating func turnedColumns(_ weights: TensorIndex, outputs: Int, depth: Int) throws(InferenceError) -> DeviceAddress {
    try unsafe constant(weights, .columns, [outputs, depth], 4 * outputs * depth) { loading, address, bytes throws(InferenceError) in
      let source = unsafe bytes.bindMemory(to: Float.self)
      var turned = [Float](repeating: 0, count: outputs * depth)
      for output in 0..<outputs {
        for k in 0..<depth { turned[k * outputs + output] = unsafe source[output * depth + k] }
      }
      try loading.fill(address, with: turned)
    }
  }

  /// With device addresses.
  mutating func epilogue(_ fields: Convolution, outputs: Int) throws(InferenceError) -> swl_epilogue_f32 {
    let bias = if let index = fields.bias { try unsafe DeviceAddress(UInt(bitPattern: address(index))) } else { try zeros(4 * outputs) }
    var epilogue = unsafe swl_epilogue_f32()
    unsafe epilogue.bias = UnsafePointer(bitPattern: UInt(bias))
    if let residual = fields.residual { unsafe epilogue.residual = UnsafePointer(try address(residual).assumingMemoryBound(to: Float.self)) }
    unsafe epilogue.function = fields.function.rawValue
    unsafe epilogue.alpha = fields.alpha
    unsafe epilogue.beta = fields.beta
    unsafe epilogue.lower = fields.lower
    unsafe epilogue.upper = fields.upper
    return unsafe epilogue
  }

  /// With device addresses.
  private mutating func requantisation(_ fields: Convolution, depth: Int) throws(InferenceError) -> swl_requantisation {
    let channels = tensor(fields.output).dimensions[3]
    var magnitudes = [Int64](repeating: 0, count: channels)
    unsafe swl_weight_magnitudes(
      hostBytes(fields.weights).baseAddress?.assumingMemoryBound(to: Int8.self), Int64(channels), Int64(depth), &magnitudes)
    for index in [fields.bias, fields.multipliers].compactMap({ $0 }) {
      guard case .weights = tensor(index).storage else {
        throw InferenceError(.unsupported, "instruction \(self.index): bias or multipliers of a convolution aren't constant")
      }
    }
    _ = try unsafe fields.largestSum(in: program, magnitudes, instruction: index) { unsafe hostBytes($0).baseAddress! }
    var addresses: [TensorIndex: UnsafeMutableRawPointer] = unsafe [:]
    for index in [fields.bias, fields.multipliers, fields.table, fields.gates, fields.residual].compactMap({ $0 }) {
      unsafe addresses[index] = try address(index)
    }
    let result = try unsafe fields.requantisation(in: program, instruction: index) { unsafe UnsafeRawPointer(addresses[$0]!) }
    // A byte less its zero point is at most 255.
    let (middle, other) = unsafe (255 * result.middle_scale / result.output_scale, 255 * result.residual_scale / result.output_scale)
    if fields.residual != nil { try checkFinite(middle, other, middle + other, of: "a convolution and its residual") }
    return unsafe result
  }

  /// int32 of each output channel.
  private mutating func weightSums(_ weights: TensorIndex, channels: Int, depth: Int) throws(InferenceError) -> DeviceAddress {
    try unsafe constant(weights, .weightSums, [channels, depth], 4 * channels) { loading, address, bytes throws(InferenceError) in
      let source = unsafe bytes.bindMemory(to: Int8.self)
      var sums = [Int32](repeating: 0, count: channels)
      for channel in 0..<channels {
        for k in 0..<depth { sums[channel] += unsafe Int32(source[channel * depth + k]) }
      }
      try loading.fill(address, with: sums)
    }
  }
}

/// How weights of bytes lie on the device: see `swl_cuda_convolution_q8`.
struct WordForm {
  let groups, inputs, outputs, taps: Int

  init(_ window: swl_window, groups: Int) {
    self.groups = groups
    inputs = Int(window.input_channels) / groups
    outputs = Int(window.output_channels) / groups
    taps = window.taps
  }

  var depth: Int { taps * inputs }
  var wordsPerTap: Int { (inputs + 3) / 4 }
  var words: Int { (taps * wordsPerTap + Int(SWL_CUDA_TILE_WORDS) - 1) / Int(SWL_CUDA_TILE_WORDS) * Int(SWL_CUDA_TILE_WORDS) }
  var paddedOutputs: Int { (outputs + Int(SWL_CUDA_TILE) - 1) / Int(SWL_CUDA_TILE) * Int(SWL_CUDA_TILE) }
  var byteCount: Int { groups * paddedOutputs * words * 4 }
  /// Multiplications for so many output pixels, by whole tiles: those of padding cost what others do.
  func work(rows: Int) -> Int {
    let tile = Int(SWL_CUDA_TILE)
    return (rows + tile - 1) / tile * tile * byteCount
  }
  var sizes: [Int] { [groups, inputs, outputs, taps] }

  /// From `[O,kH,kW,I/groups]`.
  func packed(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    var packed = [UInt8](repeating: 0, count: byteCount)
    for group in 0..<groups {
      for output in 0..<outputs {
        let row = (group * paddedOutputs + output) * words * 4
        let source = (group * outputs + output) * depth
        for tap in 0..<taps {
          for channel in 0..<inputs { packed[row + tap * wordsPerTap * 4 + channel] = unsafe bytes[source + tap * inputs + channel] }
        }
      }
    }
    return packed
  }
}

extension CUDALoading {
  /// Copies an array's bytes to a block.
  func fill<Element: BitwiseCopyable>(_ address: DeviceAddress, with elements: [Element]) throws(InferenceError) {
    var failure: InferenceError?
    unsafe elements.withUnsafeBytes { bytes in
      do throws(InferenceError) { try unsafe copy(bytes, to: address) } catch { failure = error }
    }
    if let failure { throw failure }
  }
}
