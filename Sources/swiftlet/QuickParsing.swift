import ArgumentParser

/// Parses what is right sooner. From the root the parser goes through every command there is, reads the arguments of the one that is named
/// several times, and tries first whether a completion script is asked for, as two more commands, unless the root says that it stands under another.
enum QuickParsing {
  /// - Returns: nil where only the whole tree can tell what is meant, or what is wrong.
  static func command(_ arguments: [String]) -> (any ParsableCommand)? {
    var rest = arguments.dropFirst()
    var command: any ParsableCommand.Type = Swiftlet.self
    while let name = rest.first, let next = command.configuration.subcommands.first(where: { $0.configuration.commandName == name }) {
      command = next
      rest = rest.dropFirst()
    }
    return command.configuration.subcommands.isEmpty ? parsed(command, Array(rest)) : nil
  }

  private static func parsed<Command: ParsableCommand>(_ type: Command.Type, _ arguments: [String]) -> (any ParsableCommand)? {
    ((try? Root<Command>.parseAsRoot(arguments)) as? Root<Command>)?.command
  }

  /// A command as all that a program does.
  private struct Root<Command: ParsableCommand>: ParsableCommand {
    static var configuration: CommandConfiguration { CommandConfiguration(commandName: "swiftlet", _superCommandName: "") }

    @OptionGroup var command: Command
  }
}
