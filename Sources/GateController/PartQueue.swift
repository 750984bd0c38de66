import GateProtocol

/// A part between sensor and gate.
struct OpenPart: Sendable {
  let number: UInt32
  /// When it reaches the gate, in the configuration's unit.
  let arrival: UInt64
  var verdict: GatePosition?
  var order: UInt32 = 0
  /// The order is of an earlier session.
  var isInherited = false
  /// It was at the gate before its edge had proved itself.
  var isOverdue = false
}

/// A first-in-first-out queue of fixed storage: parts reach the gate in the order in which they passed the sensor.
///
/// Whatever looks into storage, here and in its neighbours, is `mutating`: so it works in place. A borrowed value of this size would be copied to
/// the stack at each look, a kilobyte and more, which a microcontroller has neither the memory nor the time for.
struct PartQueue: Sendable {
  static let capacity = 64

  private(set) var count = 0
  private var head = 0
  private var storage = InlineArray<64, OpenPart>(repeating: OpenPart(number: 0, arrival: 0))

  var isFull: Bool { count == Self.capacity }
  var first: OpenPart? { mutating get { count == 0 ? nil : storage[head] } }

  subscript(_ position: Int) -> OpenPart {
    mutating get { storage[(head + position) % Self.capacity] }
    set { storage[(head + position) % Self.capacity] = newValue }
  }

  /// - Returns: false where it is full; the part isn't in it then.
  mutating func append(_ part: OpenPart) -> Bool {
    guard !isFull else { return false }
    storage[(head + count) % Self.capacity] = part
    count += 1
    return true
  }

  mutating func removeFirst() -> OpenPart? {
    guard count > 0 else { return nil }
    let part = storage[head]
    head = (head + 1) % Self.capacity
    count -= 1
    return part
  }

  /// Another session begins. Nobody stands for what the one before let pass, so that is unjudged again; what it rejects stays rejected.
  mutating func inherit() {
    for position in 0..<count where self[position].verdict != nil {
      if self[position].verdict == .pass { (self[position].verdict, self[position].order) = (nil, 0) }
      self[position].isInherited = true
    }
  }

  mutating func position(of number: UInt32) -> Int? {
    for position in 0..<count where self[position].number == number { return position }
    return nil
  }

  mutating func position(ofOrder order: UInt32) -> Int? {
    for position in 0..<count where self[position].verdict != nil && self[position].order == order { return position }
    return nil
  }
}

/// Ordered moments, the earliest first.
struct MomentQueue: Sendable {
  static let capacity = 32

  private(set) var count = 0
  private var storage = InlineArray<32, MomentOrder>(repeating: MomentOrder(order: 0, moment: 0))

  var first: MomentOrder? { mutating get { count == 0 ? nil : storage[0] } }

  mutating func find(_ order: UInt32) -> MomentOrder? {
    for position in 0..<count where storage[position].order == order { return storage[position] }
    return nil
  }

  /// - Returns: false where it is full; the moment isn't in it then.
  mutating func insert(_ order: MomentOrder) -> Bool {
    guard count < Self.capacity else { return false }
    var position = count
    while position > 0, storage[position - 1].moment > order.moment {
      storage[position] = storage[position - 1]
      position -= 1
    }
    storage[position] = order
    count += 1
    return true
  }

  mutating func removeFirst() -> MomentOrder? {
    guard count > 0 else { return nil }
    let first = storage[0]
    count -= 1
    for position in 0..<count { storage[position] = storage[position + 1] }
    return first
  }
}

/// The orders that were carried out last, so that one that is repeated because its answer was lost is known again.
struct FinishedOrders: Sendable {
  private var orders = InlineArray<64, UInt32>(repeating: 0)
  private var parts = InlineArray<64, UInt32>(repeating: 0)
  private var count = 0

  mutating func append(_ order: UInt32, part: UInt32) {
    orders[count % 64] = order
    parts[count % 64] = part
    count = count == 127 ? 64 : count + 1
  }

  /// - Parameter part: 0 of an order by moment.
  mutating func contains(_ order: UInt32, part: UInt32) -> Bool {
    for position in 0..<min(count, 64) where orders[position] == order && parts[position] == part { return true }
    return false
  }
}
