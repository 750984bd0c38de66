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

  /// How a run ended.
  public enum End: Sendable {
    /// A signal asked for it.
    case stopped
    /// No camera, no microphone and no pipeline had anything left to do.
    case finished
    /// The reason stands on standard error.
    case failed
  }

  /// Tells a service manager, which begins anew whatever else ends, that there would be nothing to do; `swiftletd.service` names it.
  static let finishedStatus: Int32 = 3

  /// Ends the process: status 0 after an orderly end, 1 after a failure, 2 for wrong arguments; under a service manager (`NOTIFY_SOCKET`)
  /// `finishedStatus` where it ended because nothing was left to do.
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
    switch await run(configurationPath: path, name: "swiftletd") {
    case .stopped: exit(0)
    case .finished: exit(environmentVariable("NOTIFY_SOCKET") == nil ? 0 : finishedStatus)
    case .failed: exit(1)
    }
  }

  /// Runs a configuration file until the process is asked to stop, or nothing is left to do.
  public static func run(configurationPath path: String, name: String) async -> End {
    let hasOneHeap = SharedHeap.use()
    let log = AgentLog(name: name, journal: Journal.isStandardError(environmentVariable) ? Journal() : nil)
    if !hasOneHeap { log.event(.warning, "the C library lets each thread have a heap of its own: memory in use may grow for hours") }
    if let reason = SharedLibraries.openAll() {
      log.lastWords(.error, "\(reason): install the library's package; the agent needs all of its libraries before it is ready")
      return .failed
    }
    guard let configuration = read(path, log) else { return .failed }
    var options = AgentOptions()
    let notifier = SystemdNotifier(environment: environmentVariable)
    options.notifier = notifier
    options.onStart = { notifier.ready() }
    options.readConfiguration = { AgentConfiguration.read(path: path) }
    let agent = Agent(options: options, log: log)
    do {
      let reloads = try ReloadRequests { agent.reload() }
      try ProcessSignals.handle { signal in
        switch signal {
        case .stop:
          log.event(.notice, "stopping")
          agent.stop()
          reloads.close()
        case .reload: reloads.ask()
        }
      }
      log.event(.notice, "version \(agentVersion), configuration \(path)")
      try await agent.run(configuration)
      log.lastWords(.notice, "ended in order")
      return agent.isAskedToStop ? .stopped : .finished
    } catch let error as EdgeAgentError {
      log.lastWords(.error, error.message)
    } catch let error as SupervisionError {
      log.lastWords(.error, error.message)
    } catch {
      log.lastWords(.error, "\(error)")
    }
    return .failed
  }

  private static func read(_ path: String, _ log: AgentLog) -> AgentConfiguration? {
    let reading = AgentConfiguration.read(path: path)
    for warning in reading.warnings { log.warning(warning.description) }
    for mistake in reading.mistakes { log.lastWords(.error, mistake.description) }
    return reading.configuration
  }
}
