/// How a device writes a sample, in the machine's byte order.
public enum SampleFormat: String, Sendable, CaseIterable {
  /// Without a sign: 128 is silence.
  case u8 = "U8"
  case s16 = "S16"
  /// In three bytes.
  case s24InThreeBytes = "S24_3"
  /// In the lower three of four bytes.
  case s24 = "S24"
  case s32 = "S32"
  case float32 = "FLOAT"

  var byteCount: Int {
    switch self {
    case .u8: 1
    case .s16: 2
    case .s24InThreeBytes: 3
    case .s24, .s32, .float32: 4
    }
  }

  /// The sample at the beginning of `memory`, whole numbers as −1…1.
  @inline(__always) func sample(at memory: UnsafeRawPointer) -> Float {
    switch self {
    case .u8: Float(Int(unsafe memory.load(as: UInt8.self)) - 128) / 128
    case .s16: Float(unsafe memory.loadUnaligned(as: Int16.self)) / 32_768
    case .s24InThreeBytes: Float(unsafe Self.threeBytes(at: memory)) / 8_388_608
    // What stands in the fourth byte is the device's affair.
    case .s24: Float((unsafe memory.loadUnaligned(as: Int32.self) << 8) >> 8) / 8_388_608
    case .s32: Float(unsafe memory.loadUnaligned(as: Int32.self)) / 2_147_483_648
    case .float32: unsafe memory.loadUnaligned(as: Float.self)
    }
  }

  private static func threeBytes(at memory: UnsafeRawPointer) -> Int32 {
    let low = unsafe UInt32(memory.loadUnaligned(as: UInt16.self))
    let byte = unsafe UInt32(memory.load(fromByteOffset: 2, as: UInt8.self))
    // On machines of the other byte order the first two bytes are the greater ones.
    let bits = 1.littleEndian == 1 ? byte << 24 | low << 8 : low << 16 | byte << 8
    return Int32(bitPattern: bits) >> 8
  }

  /// The mean of the channels of each frame. What is no number becomes silence.
  /// - Parameters:
  ///   - frames: `mono.count` frames of `channels` samples.
  ///   - mono: is overwritten.
  /// - Returns: how many were no number.
  func mix(_ frames: UnsafeRawPointer, channels: Int, into mono: UnsafeMutableBufferPointer<Float>) -> Int {
    var unusable = 0
    var memory = unsafe frames
    for index in mono.indices {
      var sum: Float = 0
      for _ in 0..<channels {
        unsafe sum += sample(at: memory)
        unsafe memory += byteCount
      }
      let mean = sum / Float(channels)
      unsafe mono[index] = mean.isFinite ? mean : 0
      if !mean.isFinite { unusable += 1 }
    }
    return unusable
  }
}
