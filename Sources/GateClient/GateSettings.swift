public import GateProtocol

/// A gate and how to reach it.
public struct GateSettings: Sendable, Equatable {
  /// The serial device, best by a name that stays (`/dev/serial/by-id/…`).
  public var device: String
  /// Both sides'. One that `termios` names, from 9600 to 3,000,000.
  public var baudRate = 115_200
  /// What the controller is told whenever it is met.
  public var configuration: GateConfiguration
  /// Orders that may wait for the client's thread; more are not taken.
  public var queueCapacity = 64
  /// While the controller's clock is known less exactly, orders by moment are refused, and parts have no time on this machine's clock.
  public var greatestUncertainty = Duration.milliseconds(5)

  public init(device: String, configuration: GateConfiguration) {
    self.device = device
    self.configuration = configuration
  }

  func validate() throws(GateClientError) {
    guard !device.isEmpty else { throw GateClientError(.badSetting, "a gate needs a serial device, such as /dev/serial/by-id/…") }
    guard queueCapacity > 0, queueCapacity <= 4096 else { throw GateClientError(.badSetting, "the queue of orders must hold 1 to 4096") }
    guard greatestUncertainty > .zero else { throw GateClientError(.badSetting, "the clock's greatest uncertainty must be positive") }
    switch configuration.flaw {
    case nil: break
    case .travel: throw GateClientError(.badSetting, "the travel from sensor to gate must be more than nothing, and at most 30 minutes")
    case .pulse: throw GateClientError(.badSetting, "a reject must last 1 ms to 10 s")
    case .debounce: throw GateClientError(.badSetting, "debouncing may take 100 ms at most, and less than the travel")
    case .silence: throw GateClientError(.badSetting, "the silence after which the gate takes its safe position must be 50 ms to 60 s")
    case .blockedAfter: throw GateClientError(.badSetting, "a sensor is blocked after longer than debouncing takes")
    }
  }
}
