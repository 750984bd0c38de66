import CResampling

/// Brings mono sound from one rate to another, piece by piece: libsoxr's high-quality band-limited conversion (20 bits, linear phase,
/// its delay taken out).
@safe public struct Resampler: ~Copyable {
  private let handle: OpaquePointer
  private var output: [Float] = []
  private let ratio: Double

  public init(from inputRate: Int, to outputRate: Int) throws(SoundResamplingError) {
    guard swl_resampling_is_available() else {
      throw SoundResamplingError("sound is brought to another rate by libsoxr.so.0, which isn't installed: install libsoxr0")
    }
    var failure: UnsafePointer<CChar>?
    guard let handle = unsafe swl_resampling_create(Double(inputRate), Double(outputRate), &failure) else {
      let reason = unsafe failure.map { unsafe String(cString: $0) } ?? "no memory"
      throw SoundResamplingError("sound of \(inputRate) samples a second can't be brought to \(outputRate) (\(reason))")
    }
    unsafe self.handle = handle
    ratio = Double(outputRate) / Double(inputRate)
  }

  deinit { unsafe swl_resampling_delete(handle) }

  /// Takes all of `input`, and adds what comes out by now to `samples`. Empty input is the end: the rest comes out.
  public mutating func convert(_ input: [Float], addingTo samples: inout [Float]) throws(SoundResamplingError) {
    let wanted = max(4096, Int(Double(input.count) * ratio) + 64)
    if output.count < wanted { output = [Float](repeating: 0, count: wanted) }
    var taken = 0
    while true {
      let step = unsafe input.withUnsafeBufferPointer { all in
        let rest = unsafe input.isEmpty ? nil : UnsafeBufferPointer(rebasing: all[taken...])
        return unsafe output.withUnsafeMutableBufferPointer { unsafe Self.convert(handle, rest, into: $0) }
      }
      if let failure = step.failure { throw SoundResamplingError("sound can't be brought to another rate (\(failure))") }
      samples += output[..<step.made]
      taken += step.taken
      if taken == input.count, step.made < output.count { return }
    }
  }

  /// Takes what it can of `input` and writes what comes out by now. Doesn't allocate by itself; libsoxr does while its queues grow.
  /// - Parameter input: nil is the end: the rest comes out, over as many calls as fill `output`.
  /// - Returns: samples taken and made; nil where libsoxr fails.
  public mutating func convert(_ input: UnsafeBufferPointer<Float>?, into output: UnsafeMutableBufferPointer<Float>) -> (taken: Int, made: Int)? {
    let step = unsafe Self.convert(handle, input, into: output)
    return step.failure == nil ? (step.taken, step.made) : nil
  }

  private static func convert(
    _ handle: OpaquePointer, _ input: UnsafeBufferPointer<Float>?, into output: UnsafeMutableBufferPointer<Float>
  ) -> (taken: Int, made: Int, failure: String?) {
    var (taken, made) = (0, 0)
    // No input at all is how its end is told.
    let start = unsafe input.flatMap { unsafe UnsafeRawPointer($0.baseAddress) }
    let failure = unsafe swl_resampling_process(handle, start, input?.count ?? 0, &taken, output.baseAddress, output.count, &made)
    return (taken, made, unsafe failure.map { unsafe String(cString: $0) })
  }
}
