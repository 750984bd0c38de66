import ArgumentParser
import EdgeAgent
import Glibc
import Inference
import ObjectDetection

/// The command line. Each command is one file in `Commands`; a new one is its file and its line here.
struct Swiftlet: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "swiftlet",
    abstract: "An edge inference agent: cameras in, detections out.",
    discussion: """
      Begin with: swiftlet demo

      Exit status: 0 done, 1 failed, 2 wrong use, 3 the model needs something unsupported.
      """,
    version: agentVersion,
    subcommands: [
      DemoCommand.self,
      RunCommand.self,
      StatusCommand.self,
      DoctorCommand.self,
      CameraCommand.self,
      CompileCommand.self,
      InspectCommand.self,
      InferCommand.self,
      TranscribeCommand.self,
      EvaluateCommand.self,
      BenchCommand.self,
      ConfigCommand.self,
      ReleaseCommand.self,
    ])
}

@main
enum EntryPoint {
  /// Commands run on the first thread, whose stack and heap are there already; only those that wait for several things at once start Swift's pool.
  static func main() {
    takeSignals()
    do {
      try CommandNames.check(Array(CommandLine.arguments.dropFirst()))
      var command = try QuickParsing.command(CommandLine.arguments) ?? Swiftlet.parseAsRoot()
      guard !(command is any AsyncParsableCommand) else { runAside() }
      try command.run()
    } catch { exit(report(error)) }
  }

  /// Runs an asynchronous command, parsed anew where it runs, and ends the process.
  private static func runAside() -> Never {
    Task {
      do {
        var command = try Swiftlet.parseAsRoot()
        if var asynchronous = command as? any AsyncParsableCommand { try await asynchronous.run() } else { try command.run() }
        exit(0)
      } catch { exit(report(error)) }
    }
    // Signals wake it, and are handled by who asked for them.
    while true { pause() }
  }

  /// Whoever started the program may have blocked signals, and programs inherit that: a service manager's or a test's thread does.
  private static func takeSignals() {
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe pthread_sigmask(SIG_SETMASK, &none, nil)
  }

  /// Writes the error's one line and gives the exit status.
  private static func report(_ error: any Error) -> Int32 {
    if let failure = error as? CommandFailure {
      if !failure.message.isEmpty { Terminal.complain(failure.message) }
      return failure.status.rawValue
    }
    if let error = error as? any OneLineError {
      Terminal.complain(error.line)
      let isUnsupported = (error as? InferenceError)?.code == .unsupported || (error as? ObjectDetectionError)?.code == .unsupported
      return (isUnsupported ? CommandFailure.Status.unsupported : .failed).rawValue
    }
    let line = Swiftlet.message(for: error).split(separator: "\n").joined(separator: " ")
    switch Swiftlet.exitCode(for: error) {
    case .success:
      print(Swiftlet.fullMessage(for: error))
      return 0
    case .validationFailure:
      Terminal.complain("\(line); see --help")
      return CommandFailure.Status.wrongUse.rawValue
    default:
      Terminal.complain(line)
      return CommandFailure.Status.failed.rawValue
    }
  }
}
