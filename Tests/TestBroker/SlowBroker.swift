import Foundation

/// Stands before a real broker and, on demand, hands out what concerns some topics slowly or not at all. What comes after a slow packet on a
/// connection waits behind it, as on any.
public final class SlowBroker: @unchecked Sendable {
  public enum Pace: Sendable {
    /// One byte a second.
    case aByteASecond
    /// Messages and answers to subscriptions are held back.
    case silence
  }

  public let port: UInt16
  private let target: UInt16
  private let listener: Int32
  private let condition = NSCondition()
  private var rule: (text: String, pace: Pace)?
  private var connections: [Connection] = []

  public init(before broker: RealBroker) throws {
    target = broker.port
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard let port = LoopbackPort.bind(listener, to: 0), listen(listener, 16) == 0 else { throw RealBroker.Failure(description: "no port") }
    self.port = port
    Thread.detachNewThread { [weak self, listener] in
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0 else { return }
        self?.serve(client)
      }
    }
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    for connection in connections { connection.end() }
  }

  public var url: String { "mqtt://localhost:\(port)" }

  /// From now on topics with `text` in them go at this pace.
  public func slow(_ text: String, _ pace: Pace) { condition.withLock { rule = (text, pace) } }

  /// All goes as it comes again, what was held back first.
  public func recover() {
    let connections = condition.withLock { () -> [Connection] in
      rule = nil
      return self.connections
    }
    condition.broadcast()
    for connection in connections { connection.release() }
  }

  private func serve(_ client: Int32) {
    guard let server = LoopbackPort.connected(to: target) else {
      close(client)
      return
    }
    let connection = Connection(client: client, server: server)
    condition.withLock { connections.append(connection) }
    Thread.detachNewThread {
      while let packet = Packet(from: client) {
        connection.note(packet)
        guard Connection.send(packet.bytes[...], to: server) else { break }
      }
      connection.end()
    }
    Thread.detachNewThread { [weak self] in
      while let packet = Packet(from: server) {
        guard let self, self.pass(packet, on: connection) else { break }
      }
      connection.end()
    }
  }

  private func pass(_ packet: Packet, on connection: Connection) -> Bool {
    let topic = connection.topic(of: packet)
    return connection.toClient { connection in
      // Under the connection's lock, so that nothing is held back after what was held back is let go.
      switch condition.withLock({ rule.flatMap { rule in topic?.contains(rule.text) == true ? rule.pace : nil } }) {
      case .silence:
        connection.held.append(packet.bytes)
        return true
      case .aByteASecond: return trickle(packet.bytes[...], to: connection.client)
      case nil: return Connection.send(packet.bytes[...], to: connection.client)
      }
    }
  }

  private func trickle(_ bytes: ArraySlice<UInt8>, to client: Int32) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      guard Connection.send(rest.prefix(1), to: client) else { return false }
      rest = rest.dropFirst()
      let isOver = condition.withLock { () -> Bool in
        if rule != nil { _ = condition.wait(until: Date(timeIntervalSinceNow: 1)) }
        return rule == nil
      }
      if isOver { return Connection.send(rest, to: client) }
    }
    return true
  }
}

/// A client's, and the one to the real broker.
private final class Connection: @unchecked Sendable {
  let client: Int32
  private let server: Int32
  private let lock = NSLock()
  /// Whoever writes to the client has it.
  private let writing = NSLock()
  /// What the client subscribes to, by packet.
  private var asked: [UInt16: String] = [:]
  /// What it doesn't get yet.
  var held: [[UInt8]] = []

  init(client: Int32, server: Int32) { (self.client, self.server) = (client, server) }

  func note(_ packet: Packet) {
    if let (number, topic) = packet.subscription { lock.withLock { asked[number] = topic } }
  }

  func topic(of packet: Packet) -> String? {
    packet.topic ?? packet.acknowledged.flatMap { number in lock.withLock { asked[number] } }
  }

  func toClient(_ body: (Connection) -> Bool) -> Bool { writing.withLock { body(self) } }

  func release() {
    writing.withLock {
      for bytes in held { _ = Self.send(bytes[...], to: client) }
      held = []
    }
  }

  /// Descriptors are shut down, not closed, so that none is used again under another's feet.
  func end() { for descriptor in [client, server] { shutdown(descriptor, Int32(SHUT_RDWR)) } }

  static func send(_ bytes: ArraySlice<UInt8>, to descriptor: Int32) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes { unsafe Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}

/// One MQTT 5 packet.
private struct Packet {
  var bytes: [UInt8]
  /// Where its own header begins.
  private var body: Int

  /// Nil at the end of the stream.
  init?(from descriptor: Int32) {
    func read(_ count: Int) -> [UInt8]? {
      var (bytes, taken) = ([UInt8](repeating: 0, count: count), 0)
      while taken < count {
        let got = unsafe bytes.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress?.advanced(by: taken), count - taken, 0) }
        guard got > 0 else { return nil }
        taken += got
      }
      return bytes
    }
    guard let first = read(1) else { return nil }
    bytes = first
    var (length, shift) = (0, 0)
    while true {
      guard shift <= 21, let next = read(1)?[0] else { return nil }
      bytes.append(next)
      length |= Int(next & 0x7F) << shift
      shift += 7
      if next & 0x80 == 0 { break }
    }
    body = bytes.count
    guard let rest = read(length) else { return nil }
    bytes += rest
  }

  private func number(at place: Int) -> UInt16? { place + 1 < bytes.count ? UInt16(bytes[place]) << 8 | UInt16(bytes[place + 1]) : nil }

  private func text(at place: Int) -> String? {
    number(at: place).flatMap { length in
      let end = place + 2 + Int(length)
      return end <= bytes.count ? String(decoding: bytes[(place + 2)..<end], as: UTF8.self) : nil
    }
  }

  /// Of a message.
  var topic: String? { bytes[0] >> 4 == 3 ? text(at: body) : nil }

  /// Of an answer to a subscription: the packet that it answers.
  var acknowledged: UInt16? { bytes[0] >> 4 == 9 ? number(at: body) : nil }

  /// Of a subscription: its packet's number, and the first filter. Its properties are fewer than 128 bytes.
  var subscription: (UInt16, String)? {
    guard bytes[0] >> 4 == 8, let number = number(at: body), body + 2 < bytes.count, let filter = text(at: body + 3 + Int(bytes[body + 2])) else { return nil }
    return (number, filter)
  }
}
