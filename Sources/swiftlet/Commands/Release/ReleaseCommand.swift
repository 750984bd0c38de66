import ArgumentParser

/// Groups what is done for a fleet.
struct ReleaseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "release", abstract: "Release models to a fleet: keys, signatures, stages, the broker, and what the devices make of it.",
    discussion: """
      Example:
        swiftlet release init fleet
        swiftlet release add fleet surface-defects.swiftlet --channel line-a --share 5%
        swiftlet release publish fleet --broker mqtts://broker.plant.example --ca ca.pem
        swiftlet release watch --broker mqtts://broker.plant.example --ca ca.pem
      """,
    subcommands: [
      ReleaseInitCommand.self, ReleaseAddCommand.self, ReleaseStageCommand.self, ReleasePromoteCommand.self, ReleaseWithdrawCommand.self,
      ReleaseHaltCommand.self, ReleaseSignCommand.self, ReleaseRotateKeyCommand.self, ReleaseRenewCommand.self, ReleaseStatusCommand.self,
      ReleasePublishCommand.self, ReleaseExportCommand.self, ReleaseImportCommand.self, ReleaseKeeperCommand.self, ReleaseWatchCommand.self,
      ReleaseOrderCommand.self,
    ])
}
