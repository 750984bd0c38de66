import MQTTTransport
import Outbox

/// Makes pipelines known to Home Assistant: one retained message each, from which it makes a sensor by itself.
///
/// Source: Home Assistant's documentation of MQTT discovery. The node id is the device's alone, so that an access list can name it.
struct HomeAssistantDiscovery {
  private let configuration: AgentConfiguration

  /// Where Home Assistant listens unless it is told otherwise.
  private static let prefix = "homeassistant"

  init(_ configuration: AgentConfiguration) { self.configuration = configuration }

  func publish(_ pipelines: [PipelineDescription], to connection: BrokerConnection) {
    for pipeline in pipelines {
      // A message that finds no connection comes with the next one.
      try? connection.publish(
        OutgoingMessage(topic: topic(pipeline.name), payload: payload(pipeline.name), isRetained: true, contentType: "application/json"))
    }
  }

  func topic(_ pipeline: String) -> String {
    "\(Self.prefix)/sensor/\(configuration.device.identifier)/\(configuration.device.site)_\(pipeline)/config"
  }

  /// A sensor whose state is how many things the latest reported frame showed, with the whole message as attributes.
  func payload(_ pipeline: String) -> [UInt8] {
    let (root, device) = (configuration.topicRoot, configuration.device)
    var json = JSONWriter()
    json.object {
      $0.member("name", pipeline)
      $0.member("unique_id", "swiftlet_\(device.site)_\(device.identifier)_\(pipeline)")
      $0.member("state_topic", "\(root)/\(pipeline)/detections")
      $0.member("value_template", "{{ value_json.detections | length }}")
      $0.member("state_class", "measurement")
      $0.member("json_attributes_topic", "\(root)/\(pipeline)/detections")
      $0.member("availability_topic", "\(root)/state")
      $0.member("availability_template", "{{ value_json.state }}")
      $0.member(
        "device",
        object: {
          $0.member("identifiers", array: { $0.string("swiftlet_\(device.site)_\(device.identifier)") })
          $0.member("name", "\(device.site) \(device.identifier)")
          $0.member("manufacturer", "Swiftlet")
          $0.member("sw_version", agentVersion)
        })
    }
    return json.bytes
  }
}
