import CResampling

/// Brings mono sound from one rate to another, piece by piece: libsoxr's high-quality band-limited conversion (20 bits, linear phase,
/// its delay taken out).
@safe struct Resampler: ~Copyable {
  private let handle: OpaquePointer
  private var output: [Float] = []
  private let ratio: Double

  init(from inputRate: Int, to outputRate: Int) throws(SoundFileError) {
    var failure: UnsafePointer<CChar>?
    guard let handle = unsafe soxr_create(Double(inputRate), Double(outputRate), 1, &failure, nil, nil, nil) else {
      let reason = unsafe failure.map { unsafe String(cString: $0) } ?? "no memory"
      throw SoundFileError(.noResources, "sound of \(inputRate) samples a second can't be brought to \(outputRate) (\(reason))")
    }
    unsafe self.handle = handle
    ratio = Double(outputRate) / Double(inputRate)
  }

  deinit { unsafe soxr_delete(handle) }

  /// Takes all of `input`, and adds what comes out by now to `samples`. Empty input is the end: the rest comes out.
  mutating func convert(_ input: [Float], addingTo samples: inout [Float]) throws(SoundFileError) {
    let wanted = max(4096, Int(Double(input.count) * ratio) + 64)
    if output.count < wanted { output = [Float](repeating: 0, count: wanted) }
    var taken = 0
    while true {
      var (consumed, produced) = (0, 0)
      let failure = unsafe input.withUnsafeBufferPointer { input in
        // No input at all is how its end is told.
        let start = unsafe input.isEmpty ? nil : UnsafeRawPointer(input.baseAddress! + taken)
        return unsafe soxr_process(handle, start, input.count - taken, &consumed, &output, output.count, &produced)
      }
      if let failure = unsafe failure {
        throw SoundFileError(.noResources, "sound can't be brought to another rate (\(unsafe String(cString: failure)))")
      }
      samples += output[..<produced]
      taken += consumed
      if taken == input.count, produced < output.count { return }
    }
  }
}
