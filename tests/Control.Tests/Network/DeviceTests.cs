namespace Keyhole.Control.Tests;

/// <summary>What a user's device may reach, through its whole life.</summary>
public sealed class DeviceTests
{
    private static readonly string Key = TestAgent.NewPublicKey();

    private static NetworkState Enrol(NetworkState state, bool approved = true, string name = "laptop", string? key = null, long session = 7) => DeviceTransitions.Enrol(
        state, state.FindUser("alice@example.com")!, name, key ?? Key, approved,
        id => new Credential($"device-{id}-{session}", new Agent(AgentKind.Device, id), "hash", Samples.Now) { Session = session });

    private static Peer Device(NetworkState state, string name = "laptop") => state.FindPeer(PeerKind.Device, name)!;

    /// <summary>The resources of the device by name, as the relay enforces them and as the device itself is told.</summary>
    private static string Reaches(NetworkState state, string name = "laptop")
    {
        var compiled = Samples.Compile(state);
        var all = compiled.TableOf(new Agent(AgentKind.Relay, 0));
        int id = Device(state, name).Id;
        var own = compiled.TableOf(new Agent(AgentKind.Device, id));
        var granted = all.Grants.FirstOrDefault(grant => grant.Client == id)?.Resources ?? [];
        Assert.Equal(granted.Order(), own.Resources.Select(resource => resource.Id).Order());
        Assert.Equal(all.Peers.Any(peer => peer.Id == id), own.Peers.Any(peer => peer.Id == id));
        return string.Join(",", all.Resources.Where(resource => granted.Contains(resource.Id)).Select(resource => resource.Name));
    }

    [Fact]
    [Trait("Promise", "A3")]
    [Trait("Promise", "A4")]
    public void A_device_reaches_what_its_user_was_granted_while_it_is_approved()
    {
        var pending = Enrol(Samples.AcmeNetwork(), approved: false);
        Assert.Equal("", Reaches(pending));
        var approved = DeviceTransitions.Set(pending, Device(pending), DeviceState.Approved);
        Assert.Equal("web", Reaches(approved));
        Assert.Equal(approved.Revision, pending.Revision + 1);
        var blocked = DeviceTransitions.Set(approved, Device(approved), DeviceState.Blocked);
        Assert.Equal("", Reaches(blocked));
        Assert.Single(blocked.Credentials);
        Assert.Equal("web", Reaches(DeviceTransitions.Set(blocked, Device(blocked), DeviceState.Approved)));
        var archived = DeviceTransitions.Set(approved, Device(approved), DeviceState.Archived);
        Assert.Equal("", Reaches(archived));
        Assert.Empty(archived.Credentials);
        Assert.Throws<OperatorException>(() => DeviceTransitions.Set(archived, Device(archived), DeviceState.Approved));
        Assert.Equal("", Reaches(approved with { Users = approved.Users.Select(user => user with { Disabled = true }).ToValueList() }));
    }

    [Fact]
    [Trait("Promise", "A4")]
    public void The_end_of_a_login_session_takes_its_devices_out_of_every_table()
    {
        var state = Enrol(Enrol(Samples.AcmeNetwork(), session: 7), name: "tablet", key: TestAgent.NewPublicKey(), session: 8);
        var ended = Transitions.EndSession(state, 7);
        Assert.Equal(("", "web", state.Revision + 1), (Reaches(ended), Reaches(ended, "tablet"), ended.Revision));
        Assert.Same(ended, Transitions.EndSession(ended, 7));

        // The same device after a new login: no second one.
        var again = Enrol(ended, session: 9);
        Assert.Equal(("web", Device(state).Id), (Reaches(again), Device(again).Id));
        var limited = again with { Credentials = again.Credentials.Select(credential => credential with { Expires = Samples.Now.AddHours(1) }).ToValueList() };
        Assert.Equal(Samples.Now.AddHours(1), Transitions.NextExpiry(limited));
        Assert.Same(limited, Transitions.Expire(limited, Samples.Now));
        Assert.Equal("", Reaches(Transitions.Expire(limited, Samples.Now.AddHours(1))));
    }

    [Fact]
    public void A_network_file_neither_holds_nor_removes_devices_but_a_user_who_goes_leaves_them_without_access()
    {
        var state = Enrol(Samples.AcmeNetwork());
        Assert.Equal(state, Samples.Apply(state, DescriptionWriter.Write(state)));
        Assert.DoesNotContain("laptop", DescriptionWriter.Write(state), StringComparison.Ordinal);
        var gone = Samples.Apply(state, Samples.Acme.Replace("alice@", "bob@", StringComparison.Ordinal));
        Assert.Equal((DeviceState.Archived, null, ""), (Device(gone).DeviceState, Device(gone).Owner, Reaches(gone)));
        Assert.Empty(gone.Credentials);
        Assert.Contains("~ device laptop  (user: alice@example.com → none; state: approved → archived)", Planner.Compare(state, gone).ToText(), StringComparison.Ordinal);

        // Back again, the user may enrol the same device.
        var back = Samples.Apply(gone, Samples.Acme);
        Assert.Equal("", Reaches(back));
        Assert.Equal("web", Reaches(Enrol(back)));
    }

    [Fact]
    public void Keys_names_and_addresses_of_devices_are_nobody_elses()
    {
        var state = Enrol(Samples.AcmeNetwork());
        Assert.Contains("a device is named Laptop already", Assert.Throws<OperatorException>(() => Enrol(state, name: "Laptop", key: TestAgent.NewPublicKey())).Message, StringComparison.Ordinal);
        var bob = state with { Users = state.Users.Append(new User(state.Cursors.Id, "bob@example.com", [])).ToValueList() };
        Assert.Contains("belongs to another", Assert.Throws<OperatorException>(() =>
            DeviceTransitions.Enrol(bob, bob.FindUser("bob@example.com")!, "mine", Key, true, id => new Credential("x", new Agent(AgentKind.Device, id), "", Samples.Now))).Message, StringComparison.Ordinal);
        Assert.Null(Transitions.ReportKey(state, new Agent(AgentKind.Machine, state.FindPeer(PeerKind.Machine, "ci")!.Id), Key));
        var clients = state.Peers.Where(peer => peer.IsClient).ToList();
        Assert.Equal(clients.Count, clients.DistinctBy(peer => peer.Ipv4).Count());
        DescriptionReader.Read(Samples.Acme.Replace("{ name: phone }  ", $"{{ name: phone, address: {Device(state).Ipv4}, public-key: \"{Key}\" }}  ", StringComparison.Ordinal), state, out var found);
        Assert.Equal(2, found.Count);
        Assert.All(found, finding => Assert.Contains("the device \"laptop\" has this", finding.Problem, StringComparison.Ordinal));
        Assert.Null(Device(DeviceTransitions.Remove(state, Device(state))));
    }

    [Fact]
    public void A_disabled_client_leaves_every_table_and_keeps_its_addresses_and_keys()
    {
        var state = Samples.AcmeNetwork();
        var phone = state.FindPeer(PeerKind.ExternalClient, "phone")!;
        var off = state with { Peers = state.Peers.Select(peer => peer.Id == phone.Id ? peer with { Enabled = false } : peer).ToValueList() };
        var table = Samples.Compile(off).TableOf(new Agent(AgentKind.Relay, 0));
        Assert.DoesNotContain(table.Peers, peer => peer.Id == phone.Id);
        Assert.DoesNotContain(table.Grants, grant => grant.Client == phone.Id);
        Assert.Equal(off, Samples.Apply(off, Samples.Acme));
    }
}
