namespace Keyhole.Control.Tests;

[Collection(PostgresCollection.Name)]
public sealed class PostgresPasswordLoginTests(PostgresServer server) : PasswordLoginTests(server.CreateAsync().GetAwaiter().GetResult());
