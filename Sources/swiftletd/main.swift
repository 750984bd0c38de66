import EdgeAgent

await Daemon.main(CommandLine.arguments)
