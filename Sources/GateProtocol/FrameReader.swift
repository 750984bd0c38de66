/// Finds frames in a stream of bytes: undoes the framing (consistent overhead byte stuffing, a zero byte behind every frame) and checks what comes
/// out. Bytes come one by one; whatever they are, the next frame behind a zero is found again.
public struct FrameReader: Sendable {
  /// What a byte brought.
  public enum Outcome: Sendable {
    /// Nothing yet.
    case incomplete
    case frame(GateFrame)
    /// Something between two zeros that is no frame: damaged on the way, cut off, or not of this protocol.
    case damaged
    /// An undamaged frame of another version of the protocol.
    case otherVersion(UInt8)
  }

  private var bytes = FrameBytes()
  /// Bytes until the next code byte.
  private var remaining = 0
  /// Whether a zero is due before the next code byte's block.
  private var owesZero = false
  private var isSpoilt = false
  private var isEmpty = true

  public init() {}

  /// Forgets what came since the last zero.
  public mutating func reset() { self = FrameReader() }

  /// Takes the next byte of the line.
  public mutating func receive(_ byte: UInt8) -> Outcome {
    guard byte == 0 else {
      isEmpty = false
      stuffed(byte)
      return .incomplete
    }
    defer { reset() }
    // Two zeros in a row are an idle line.
    guard !isEmpty else { return .incomplete }
    guard !isSpoilt, remaining == 0 else { return .damaged }
    return GateFrame.reading(bytes)
  }

  private mutating func stuffed(_ byte: UInt8) {
    guard !isSpoilt else { return }
    if remaining > 0 {
      remaining -= 1
      isSpoilt = !bytes.append(byte)
      return
    }
    if owesZero { isSpoilt = !bytes.append(UInt8(0)) }
    owesZero = true
    remaining = Int(byte) - 1
    // A block that long is in no frame: spoilt now rather than in a while.
    if remaining > FrameBytes.capacity { isSpoilt = true }
  }
}

/// A frame as it goes on the line: stuffed, and with the zeros around it.
public struct WireFrame: Sendable {
  /// A zero before it ends whatever noise came before; one code byte (frames are shorter than 254 bytes); a zero behind.
  public static let capacity = FrameBytes.capacity + 3

  public private(set) var count = 0
  private var storage = InlineArray<67, UInt8>(repeating: 0)

  public subscript(_ index: Int) -> UInt8 { storage[index] }

  /// Stuffs `bytes`.
  public init(_ bytes: FrameBytes) {
    append(0)
    var code = count
    append(1)
    for index in 0..<bytes.count {
      if bytes[index] == 0 {
        code = count
        append(1)
      } else {
        append(bytes[index])
        storage[code] += 1
      }
    }
    append(0)
  }

  private mutating func append(_ byte: UInt8) {
    storage[count] = byte
    count += 1
  }
}
