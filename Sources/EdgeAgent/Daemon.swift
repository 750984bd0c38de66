import Glibc
import Supervision

/// What `swiftletd` does, and `swiftlet run` in the foreground.
public enum Daemon {
  public static let defaultConfigurationPath = "/etc/swiftlet/swiftlet.yaml"

  static let usage = """
    swiftletd, the Swiftlet edge inference agent as a service.

    Usage: swiftletd [--config FILE]
      --config FILE   the configuration (default \(defaultConfigurationPath))
      --version       print the version
      --help          print this

    SIGHUP applies a changed configuration; a bad one never replaces a good one. SIGTERM ends in order.
    Example: swiftletd --config /etc/swiftlet/swiftlet.yaml
    """

  /// Ends the process: status 0 after an orderly end, 1 after a failure, 2 for wrong arguments.
  public static func main(_ arguments: [String]) async -> Never {
    var path = defaultConfigurationPath
    var rest = arguments.dropFirst()
    while let argument = rest.popFirst() {
      switch argument {
      case "--help", "-h":
        print(usage)
        exit(0)
      case "--version":
        print(agentVersion)
        exit(0)
      case "--config" where !rest.isEmpty: path = rest.removeFirst()
      default:
        AgentLog.standardError("swiftletd: \"\(argument)\" is not understood; see --help")
        exit(2)
      }
    }
    exit(await run(configurationPath: path, name: "swiftletd") ? 0 : 1)
  }

  /// Runs a configuration file until the process is asked to stop.
  ///
  /// - Returns: whether it ended in order; otherwise the reason stands on standard error.
  public static func run(configurationPath path: String, name: String) async -> Bool {
    let log = AgentLog(name: name, journal: Journal.isStandardError(environmentVariable) ? Journal() : nil)
    guard let configuration = read(path, log) else { return false }
    var options = AgentOptions()
    let notifier = SystemdNotifier(environment: environmentVariable)
    options.notifier = notifier
    options.onStart = { notifier.ready() }
    options.readConfiguration = { AgentConfiguration.read(path: path) }
    let agent = Agent(options: options, log: log)
    do {
      try ProcessSignals.handle { signal in
        switch signal {
        case .stop:
          notifier.stopping()
          log.event(.notice, "stopping")
          agent.stop()
        case .reload: agent.reload()
        }
      }
      log.event(.notice, "version \(agentVersion), configuration \(path)")
      try await agent.run(configuration)
      log.event(.notice, "ended in order")
      return true
    } catch let error as EdgeAgentError {
      log.error(error.message)
    } catch let error as SupervisionError {
      log.error(error.message)
    } catch {
      log.error("\(error)")
    }
    return false
  }

  private static func read(_ path: String, _ log: AgentLog) -> AgentConfiguration? {
    let reading = AgentConfiguration.read(path: path)
    for warning in reading.warnings { log.warning(warning.description) }
    for mistake in reading.mistakes { log.error(mistake.description) }
    return reading.configuration
  }
}
