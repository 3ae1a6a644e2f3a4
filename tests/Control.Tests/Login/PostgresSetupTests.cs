namespace Keyhole.Control.Tests;

[Collection(PostgresCollection.Name)]
public sealed class PostgresSetupTests(PostgresServer server) : SetupTests(server.CreateAsync().GetAwaiter().GetResult());
