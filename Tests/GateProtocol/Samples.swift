import GateProtocol

/// One message of each kind, its fields neither all zero nor all alike.
enum Samples {
  static let messages: [GateMessage] = {
    var configuration = GateConfiguration(travel: 350_000)
    configuration.unjudged = .pass
    configuration.blockedAfter = 2_000_000
    var counters = ControllerCounters()
    (counters.damagedFrames, counters.foreignFrames, counters.unjudged, counters.late, counters.refused) = (1, 20, 300, 4_000, 50_000)
    return [
      .hello(Hello(nonce: 0xDEAD_00EF)), .configure(configuration), .timeRequest(TimeRequest(sentAt: 123_456_789_012_345)),
      .agentHeartbeat(AgentHeartbeat(nextEvent: 77, wantsEvents: true)), .partOrder(PartOrder(order: 900, part: 41, verdict: .reject)),
      .momentOrder(MomentOrder(order: 901, moment: 0x0102_0304_0506_0708)),
      .welcome(
        Welcome(
          nonce: 5, session: 0xCAFE_F00D, boot: 7, cause: .watchdog, firmware: 0x01_0203, configurationDigest: 0xFFFF_FFFF, nextEvent: 130, oldestEvent: 2)),
      .configured(ConfigureReply(digest: 12, flaw: nil)), .configured(ConfigureReply(digest: 12, flaw: .pulse)),
      .timeReply(TimeReply(sentAt: 1, receivedAt: .max, repliedAt: 3)),
      .controllerHeartbeat(
        ControllerHeartbeat(state: .held, nextEvent: 9, oldestEvent: 1, time: 1 << 40, ticks: 1 << 33, counters: counters, openParts: 64)),
      .orderReply(OrderReply(order: 900, refusal: nil, position: 400_000)), .orderReply(OrderReply(order: 900, refusal: .duplicate, position: 0)),
      .event(.seen(part: 41, at: 50_000, ticks: 6)),
      .event(.reached(part: 41, order: 900, at: 400_001, ticks: 99, position: .reject, cause: .ordered)),
      .event(.fault(.sensorBlocked, at: 3, ticks: 2)),
    ]
  }()

  static let frames = messages.enumerated().map { GateFrame(session: 0xA1B2_C3D4, sequence: UInt32($0.offset) &* 0x0100_0001, message: $0.element) }

  /// Positions of the longest frame and of the orders.
  static let longestAndOrders: [Int] = {
    let longest = frames.indices.max { frames[$0].bytes.count < frames[$1].bytes.count }
    let orders = messages.indices.filter { [.partOrder, .momentOrder].contains(messages[$0].code) }
    return Set(orders + [longest].compactMap { $0 }).sorted()
  }()

  /// As on the line, the leading zero included.
  static func wire(_ frame: GateFrame) -> [UInt8] {
    let wire = frame.onTheWire
    return (0..<wire.count).map { wire[$0] }
  }

  /// What a reader makes of bytes.
  static func read(_ bytes: [UInt8]) -> (frames: [GateFrame], damaged: Int) {
    var reader = FrameReader()
    var found: (frames: [GateFrame], damaged: Int) = ([], 0)
    for byte in bytes {
      switch reader.receive(byte) {
      case .incomplete: break
      case .frame(let frame): found.frames.append(frame)
      case .damaged, .otherVersion: found.damaged += 1
      }
    }
    return found
  }
}
