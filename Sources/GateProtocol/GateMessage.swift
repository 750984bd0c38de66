/// The codes of messages; the controller's have the high bit.
public enum MessageCode: UInt8, Sendable, CaseIterable {
  case hello = 0x01
  case configure = 0x02
  case timeRequest = 0x03
  case agentHeartbeat = 0x04
  case partOrder = 0x05
  case momentOrder = 0x06
  case welcome = 0x81
  case configured = 0x82
  case timeReply = 0x83
  case controllerHeartbeat = 0x84
  case orderReply = 0x85
  case event = 0x86

  /// Whether the controller sends it.
  public var isFromController: Bool { rawValue & 0x80 != 0 }
}

/// Everything that agent and controller say to each other.
public enum GateMessage: Sendable, Equatable {
  case hello(Hello)
  case configure(GateConfiguration)
  case timeRequest(TimeRequest)
  case agentHeartbeat(AgentHeartbeat)
  case partOrder(PartOrder)
  case momentOrder(MomentOrder)
  case welcome(Welcome)
  case configured(ConfigureReply)
  case timeReply(TimeReply)
  case controllerHeartbeat(ControllerHeartbeat)
  case orderReply(OrderReply)
  case event(GateEvent)

  public var code: MessageCode {
    switch self {
    case .hello: .hello
    case .configure: .configure
    case .timeRequest: .timeRequest
    case .agentHeartbeat: .agentHeartbeat
    case .partOrder: .partOrder
    case .momentOrder: .momentOrder
    case .welcome: .welcome
    case .configured: .configured
    case .timeReply: .timeReply
    case .controllerHeartbeat: .controllerHeartbeat
    case .orderReply: .orderReply
    case .event: .event
    }
  }

  func write(to bytes: inout FrameBytes) {
    switch self {
    case .hello(let body): body.write(to: &bytes)
    case .configure(let body): body.write(to: &bytes)
    case .timeRequest(let body): body.write(to: &bytes)
    case .agentHeartbeat(let body): body.write(to: &bytes)
    case .partOrder(let body): body.write(to: &bytes)
    case .momentOrder(let body): body.write(to: &bytes)
    case .welcome(let body): body.write(to: &bytes)
    case .configured(let body): body.write(to: &bytes)
    case .timeReply(let body): body.write(to: &bytes)
    case .controllerHeartbeat(let body): body.write(to: &bytes)
    case .orderReply(let body): body.write(to: &bytes)
    case .event(let body): body.write(to: &bytes)
    }
  }

  /// Nil where the fields are no such message. Bytes that are left tell the caller the same.
  init?(_ code: MessageCode, from fields: inout FieldReader) {
    switch code {
    case .hello: guard let body = Hello(from: &fields) else { return nil }; self = .hello(body)
    case .configure: guard let body = GateConfiguration(from: &fields) else { return nil }; self = .configure(body)
    case .timeRequest: guard let body = TimeRequest(from: &fields) else { return nil }; self = .timeRequest(body)
    case .agentHeartbeat: guard let body = AgentHeartbeat(from: &fields) else { return nil }; self = .agentHeartbeat(body)
    case .partOrder: guard let body = PartOrder(from: &fields) else { return nil }; self = .partOrder(body)
    case .momentOrder: guard let body = MomentOrder(from: &fields) else { return nil }; self = .momentOrder(body)
    case .welcome: guard let body = Welcome(from: &fields) else { return nil }; self = .welcome(body)
    case .configured: guard let body = ConfigureReply(from: &fields) else { return nil }; self = .configured(body)
    case .timeReply: guard let body = TimeReply(from: &fields) else { return nil }; self = .timeReply(body)
    case .controllerHeartbeat: guard let body = ControllerHeartbeat(from: &fields) else { return nil }; self = .controllerHeartbeat(body)
    case .orderReply: guard let body = OrderReply(from: &fields) else { return nil }; self = .orderReply(body)
    case .event: guard let body = GateEvent(from: &fields) else { return nil }; self = .event(body)
    }
  }
}
