import CKernels
import Inference
import ModelFormat
import Tensors

/// Float layers whose weights have 8 bits and whose activations may be rounded: products of bytes.
extension Preparation {
  /// Whether rounding pays. One row costs the reading of its weights, whatever is done with them; many rows in 16 bits each are twice the products of
  /// bytes, which only instructions for sums of four make good, or products of words that serve 8 and 16 bits alike (AVX2).
  func rounds(_ narrow: Convolution.NarrowWeights, _ window: swl_window, groups: Int32) -> Bool {
    let depth = window.taps * Int(window.input_channels / groups)
    // With several scales a channel there is no one sum to scale.
    guard narrow.bits == 8, narrow.activationBits < 32, Int(narrow.group) >= depth, depth <= SWL_ROUNDED_DEPTH else { return false }
    let multipliesFaster = options.instructionSet == .avx2 || options.instructionSet == .avx512VNNI || options.instructionSet == .neonDot
    return multipliesFaster || narrow.activationBits == 8 || window.rows * Int(window.output_width) == 1
  }

  mutating func appendRounded(_ fields: Convolution, _ narrow: Convolution.NarrowWeights, _ window: swl_window) throws(InferenceError) {
    let kernel = unsafe kernel(SWL_CONVOLUTION_ROUNDED)
    var blocking = swl_blocking(window, groups: fields.groups)
    unsafe withUnsafePointer(to: window) { unsafe swl_plan_blocking(kernel, 4, Int32(options.threads), $0, &blocking) }
    let source = unsafe bytes(fields.weights).assumingMemoryBound(to: Int8.self)
    let scales = unsafe UnsafePointer(bytes(narrow.scales).assumingMemoryBound(to: Float.self))
    let outputs = Int64(window.output_channels)
    // Before the weights are packed, which lets the memory of what they were mapped from go.
    let offsets = try unsafe packedWeights(
      narrow.scales, as: .offsets(ofWeightsAt: place(of: fields.weights)?.offset ?? -1, blocking), byteCount: 4 * Int(outputs)
    ) { unsafe swl_rounded_offsets(source, scales, outputs, blocking.depth, $0.assumingMemoryBound(to: Float.self)) }
    let packed = try unsafe packedWeights(
      fields.weights, as: .convolution(SWL_CONVOLUTION_ROUNDED, blocking), byteCount: Int(swl_packed_weights_size(kernel, &blocking, 1))
    ) { _ = unsafe swl_pack_weights_q8(kernel, &blocking, source, $0.assumingMemoryBound(to: Int8.self)) }
    let planes: Int32 = narrow.activationBits == 8 ? 1 : 2
    let epilogue = try unsafe epilogue(fields)
    let arguments = unsafe swl_convolution_rounded(
      input: bytes(fields.input).assumingMemoryBound(to: Float.self), output: bytes(fields.output).assumingMemoryBound(to: Float.self),
      weights: packed.block.assumingMemoryBound(to: Int8.self), scales: scales, offsets: offsets.block.assumingMemoryBound(to: Float.self), window: window,
      blocking: blocking, is_pointwise: window.isPointwise, planes: planes, epilogue: epilogue)
    let scratch = unsafe swl_rounded_scratch(kernel, &blocking, window.isPointwise, planes)
    try unsafe step(
      kernel, arguments, count: Int(swl_blocking_items(&blocking)), work: Int(planes) * blocking.work, pace: depthwisePace,
      scratch: scratch)
  }
}

extension PackedWeights.Form {
  /// Of scales: what they make of the sums of these weights.
  fileprivate static func offsets(ofWeightsAt offset: Int, _ blocking: swl_blocking) -> PackedWeights.Form {
    PackedWeights.Form(family: SWL_CONVOLUTION_ROUNDED, sizes: [-1, offset, Int(blocking.depth)])
  }
}
