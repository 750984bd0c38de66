import ArgumentParser
import YAMLReading

/// Tells a mistyped command's nearest name before the parser says that it expected none.
enum CommandNames {
  static func check(_ arguments: [String]) throws {
    var group = Swiftlet.configuration
    var path = "swiftlet"
    // What help is asked about is named alike.
    for argument in arguments.first == "help" ? arguments.dropFirst() : arguments[...] {
      var commands: [CommandConfiguration] = []
      for command in group.subcommands { commands.append(command.configuration) }
      guard !commands.isEmpty, !argument.hasPrefix("-"), argument != "help" else { return }
      guard let next = commands.first(where: { $0.commandName == argument }) else {
        let names = commands.compactMap { $0.commandName }
        let hint = nearestName(to: argument, among: names).map { "did you mean '\($0)'?" } ?? "there are: \(names.joined(separator: ", "))"
        throw CommandFailure("'\(path)' has no command '\(argument)'; \(hint)", status: .wrongUse)
      }
      group = next
      path += " \(argument)"
    }
  }
}
