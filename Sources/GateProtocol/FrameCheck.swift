/// CRC-32C (Castagnoli), reflected, as it stands at the end of every frame; computed byte by byte, so that no byte of a slow line costs much.
///
/// For frames of up to `FrameBytes.capacity` bytes its Hamming distance is 6 at least: no pattern of one to five flipped bits in a decoded frame
/// passes. The unit tests prove it: the polynomial has the factor x + 1, so that an odd number of flips is always seen, and all pairs of bits have
/// different syndromes, so that four are. Any other damage passes once in 2³² times, and has then to name the session, come in sequence and
/// have a known length and content.
public struct FrameCheck: Sendable {
  private var state: UInt32 = 0xFFFF_FFFF

  public init() {}

  /// The sum of all bytes so far.
  public var value: UInt32 { ~state }

  public mutating func update(_ byte: UInt8) {
    state ^= UInt32(byte)
    state = (state >> 4) ^ nibbles[Int(state & 15)]
    state = (state >> 4) ^ nibbles[Int(state & 15)]
  }
}

/// What four bits do to the sum: 64 bytes of flash instead of a kilobyte.
private let nibbles: InlineArray<16, UInt32> = [
  0x0000_0000, 0x105E_C76F, 0x20BD_8EDE, 0x30E3_49B1, 0x417B_1DBC, 0x5125_DAD3, 0x61C6_9362, 0x7198_540D, 0x82F6_3B78, 0x92A8_FC17, 0xA24B_B5A6,
  0xB215_72C9, 0xC38D_26C4, 0xD3D3_E1AB, 0xE330_A81A, 0xF36E_6F75,
]
