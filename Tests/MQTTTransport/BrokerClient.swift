import MQTTTransport
import TestBroker

/// A connection whose states, messages and deliveries a test can wait for.
final class BrokerClient: Sendable {
  let connection: BrokerConnection
  let states = Recorder<BrokerState>()
  let messages = Recorder<IncomingMessage>()
  let deliveries = Recorder<DeliveryOutcome>()
  let subscriptions = Recorder<SubscriptionOutcome>()

  init(_ url: String, id: String = "test", adjust: (inout BrokerSettings) -> Void = { _ in }) throws {
    var settings = BrokerSettings(address: try BrokerAddress(parsing: url), clientID: id)
    settings.backOff = (.milliseconds(20), .milliseconds(200))
    settings.jitterSeed = 1
    adjust(&settings)
    connection = try BrokerConnection(settings)
    connection.onStateChange { [states] in states.append($0) }
  }

  func start() throws {
    try connection.start()
  }

  /// Starts and waits for the broker's yes.
  func connect() throws {
    try start()
    guard waitUntilConnected() else { throw RealBroker.Failure(description: "no connection: \(states.all)") }
  }

  func waitUntilConnected(times: Int = 1) -> Bool {
    states.wait { $0.count(where: \.isConnected) >= times }
  }

  /// Subscribes and waits for the broker's answer.
  func subscribe(_ filter: String) throws {
    try connection.subscribe(to: filter, completion: { [subscriptions] in subscriptions.append($0) }) { [messages] in messages.append($0) }
    if connection.state.isConnected { subscriptions.wait { !$0.isEmpty } }
  }

  func publish(_ message: OutgoingMessage) throws {
    try connection.publish(message) { [deliveries] in deliveries.append($0) }
  }

  /// The first error reported, of a state that isn't connected.
  func firstError() -> MQTTTransportError? {
    let state = states.first {
      switch $0 {
      case .refused, .disconnected: true
      default: false
      }
    }
    return switch state {
    case .refused(_, let error, _), .disconnected(let error, _): error
    default: nil
    }
  }
}
