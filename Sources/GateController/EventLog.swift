import GateProtocol

/// The last events, to be sent again where a line swallowed them.
struct EventLog: Sendable {
  static let capacity: UInt32 = 128

  /// The number that comes next; numbers begin at 1 and wrap around.
  private(set) var next: UInt32 = 1
  private(set) var oldest: UInt32 = 1
  /// The event to be sent next.
  private var cursor: UInt32 = 1
  private var storage = InlineArray<128, GateEvent>(repeating: .seen(part: 0, at: 0, ticks: 0))

  mutating func append(_ event: GateEvent) {
    var event = event
    event.number = next
    storage[Int(next % Self.capacity)] = event
    next &+= 1
    if next &- oldest > Self.capacity { oldest &+= 1 }
    if WrappingOrder.distance(from: cursor, to: oldest) > 0 { cursor = oldest }
  }

  var unsent: GateEvent? { mutating get { cursor == next ? nil : storage[Int(cursor % Self.capacity)] } }

  mutating func sentOne() { if cursor != next { cursor &+= 1 } }

  /// Sends again from that number, or from the oldest that is left.
  mutating func rewind(to number: UInt32) {
    guard WrappingOrder.distance(from: number, to: next) >= 0 else { return }
    cursor = WrappingOrder.distance(from: oldest, to: number) > 0 ? number : oldest
  }

  /// Only what happens from now on is sent by itself.
  mutating func skipToEnd() { cursor = next }
}

/// Bytes on their way to the line.
struct TransmitBuffer: Sendable {
  static let capacity = 1024

  private var storage = InlineArray<1024, UInt8>(repeating: 0)
  private var head = 0
  private(set) var count = 0

  var hasRoomForFrame: Bool { mutating get { Self.capacity - count >= WireFrame.capacity } }
  var first: UInt8? { mutating get { count == 0 ? nil : storage[head] } }

  mutating func append(_ frame: WireFrame) {
    guard Self.capacity - count >= frame.count else { return }
    for index in 0..<frame.count { storage[(head + count + index) % Self.capacity] = frame[index] }
    count += frame.count
  }

  mutating func removeFirst() {
    guard count > 0 else { return }
    head = (head + 1) % Self.capacity
    count -= 1
  }
}
