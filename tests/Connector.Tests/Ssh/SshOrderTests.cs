using Keyhole.Agent;
using Keyhole.SshHost;

namespace Keyhole.Connector.Tests;

public class SshOrderTests
{
    [Fact]
    [Trait("Promise", "B7")]
    [Trait("Promise", "B11")]
    public async Task An_account_is_made_by_the_daemon_of_the_host()
    {
        await using var harness = new SshHarness();
        harness.Apply(SshHarness.Row(users: 1));
        var account = await ProvisionAsync(harness, 1);
        Assert.Equal(("ada", $"keyhole:{SshHarness.Authority}:7:token:ada"), (account.Name, account.Principal));
    }

    [Fact]
    public async Task Orders_and_tables_reach_a_daemon_one_at_a_time()
    {
        await using var harness = new SshHarness();
        harness.Apply(SshHarness.Row(users: [1, 2, 3]));
        var orders = new[] { 1, 2, 3 }.Select(user => Task.Run(() => ProvisionAsync(harness, user))).ToList();
        harness.Apply(SshHarness.Row(users: [1, 2, 3, 4]));
        await Task.WhenAll(orders);
        await SshHarness.Until(() => harness.Local.Rows.Last().Users.Count == 4);
        Assert.Equal(0, harness.Local.Collisions);
    }

    [Fact]
    public async Task An_order_waits_for_the_table_that_lists_its_user()
    {
        await using var harness = new SshHarness();
        harness.Apply(SshHarness.Row(users: 1));
        await harness.RestAsync();
        var order = ProvisionAsync(harness, 2);
        await SshHarness.Until(() => harness.Time.Pending.Contains(SshSite.TablePatience));
        Assert.Empty(harness.Local.Orders);
        harness.Apply(SshHarness.Row(users: [1, 2]));
        await order;
        Assert.Equal(2, Assert.Single(harness.Local.Orders).User);
    }

    [Fact]
    [Trait("Promise", "B10")]
    public async Task A_user_whom_the_table_does_not_list_gets_no_account()
    {
        await using var harness = new SshHarness();
        harness.Apply(SshHarness.Row(users: 1));
        await harness.RestAsync();
        var order = ProvisionAsync(harness, 2);
        await SshHarness.Until(() => harness.Time.Pending.Contains(SshSite.TablePatience));
        harness.Time.Advance(SshSite.TablePatience);
        Assert.Contains("does not list this user", (await Assert.ThrowsAsync<AgentException>(() => order)).Message, StringComparison.Ordinal);
        Assert.Empty(harness.Local.Orders);
    }

    [Fact]
    public async Task A_user_who_loses_access_while_the_daemon_is_busy_gets_no_account()
    {
        await using var harness = new SshHarness();
        var gate = new TaskCompletionSource();
        harness.Local.Gate = gate.Task;
        harness.Apply(SshHarness.Row(users: 1));
        await SshHarness.Until(() => harness.Local.Rows.Count == 1);
        var order = ProvisionAsync(harness, 1);
        harness.Apply(SshHarness.Row());
        gate.SetResult();
        await Assert.ThrowsAsync<AgentException>(() => order);
        Assert.Empty(harness.Local.Orders);
    }

    [Fact]
    [Trait("Promise", "B10")]
    public async Task The_daemon_is_told_of_a_user_before_it_hears_an_order()
    {
        await using var harness = new SshHarness();
        harness.Apply(SshHarness.Row(users: 1));
        await harness.RestAsync();
        var gate = new TaskCompletionSource();
        harness.Local.Gate = gate.Task;
        harness.Apply(SshHarness.Row(users: [1, 2]));
        var order = ProvisionAsync(harness, 2);
        await SshHarness.Until(() => harness.Local.Rows.Count == 2 && harness.Time.Pending.Contains(SshSite.TurnPatience));
        Assert.Empty(harness.Local.Orders);
        gate.SetResult();
        await order;
        Assert.Equal(2, Assert.Single(harness.Local.Orders).User);
    }

    [Fact]
    public async Task An_order_does_not_wait_for_a_host_that_hangs()
    {
        await using var harness = new SshHarness();
        harness.Local.Gate = new TaskCompletionSource().Task;
        harness.Apply(SshHarness.Row(users: 1));
        await SshHarness.Until(() => harness.Local.Rows.Count == 1);
        var order = ProvisionAsync(harness, 1);
        await SshHarness.Until(() => harness.Time.Pending.Contains(SshSite.TurnPatience));
        harness.Time.Advance(SshSite.TurnPatience);
        Assert.Contains("busy or does not answer", (await Assert.ThrowsAsync<AgentException>(() => order)).Message, StringComparison.Ordinal);
        Assert.Empty(harness.Local.Orders);
    }

    [Fact]
    [Trait("Promise", "B12")]
    public async Task A_daemon_that_hangs_with_an_order_hears_the_next_table_soon()
    {
        await using var harness = new SshHarness();
        harness.Apply(SshHarness.Row(users: 1));
        await harness.RestAsync();
        harness.Local.Gate = new TaskCompletionSource().Task;
        var order = ProvisionAsync(harness, 1);
        await SshHarness.Until(() => harness.Local.Orders.Count == 1);
        harness.Apply(SshHarness.Row());
        harness.Time.Advance(SshSite.OrderPatience);
        await Assert.ThrowsAsync<AgentException>(() => order);
        await SshHarness.Until(() => harness.Local.Rows.Count == 2);
        Assert.Empty(harness.Local.Rows.Last().Users);
    }

    [Fact]
    public async Task A_host_that_hangs_takes_no_more_orders_than_a_few()
    {
        await using var harness = new SshHarness();
        harness.Local.Gate = new TaskCompletionSource().Task;
        harness.Apply(SshHarness.Row(users: 1));
        var orders = Enumerable.Range(0, SshSite.MaximumOrders).Select(_ => ProvisionAsync(harness, 1)).ToList();
        Assert.Contains("other logins", (await Assert.ThrowsAsync<AgentException>(() => ProvisionAsync(harness, 1))).Message, StringComparison.Ordinal);
        await SshHarness.Until(() => harness.Time.Pending.Count(wait => wait == SshSite.TurnPatience) == orders.Count);
        harness.Time.Advance(SshSite.TurnPatience);
        foreach (var order in orders)
            await Assert.ThrowsAsync<AgentException>(() => order);
    }

    [Fact]
    public async Task Hosts_that_hang_hold_up_no_order_for_another()
    {
        await using var harness = new SshHarness();
        harness.Apply(SshHarness.Row(users: 1));
        await harness.RestAsync();
        // Every slot is taken, and this host's turn comes up meanwhile.
        for (int i = 0; i < SshSitesOptions.MaximumAtOnce; i++)
            await harness.Options.Slots.WaitAsync();
        harness.Time.Advance(Assert.Single(harness.Time.Pending));
        await ProvisionAsync(harness, 1);
        Assert.Single(harness.Local.Rows);
        harness.Options.Slots.Release(SshSitesOptions.MaximumAtOnce);
        await SshHarness.Until(() => harness.Local.Rows.Count == 2);
    }

    [Fact]
    public async Task A_resource_that_the_table_does_not_have_is_said_to_be_unknown()
    {
        await using var harness = new SshHarness();
        harness.Apply(SshHarness.Row(users: 1));
        var error = await Assert.ThrowsAsync<AgentException>(() => harness.Sites.ProvisionAsync(8, SshHarness.Order(1), default));
        Assert.Contains("no such SSH host", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_daemon_says_to_the_user_is_passed_on_in_one_line_and_the_host_is_asked_how_it_is()
    {
        await using var harness = new SshHarness();
        harness.Apply(SshHarness.Row(users: 1));
        await harness.RestAsync();
        harness.Local.Error = "The group printers\r\ndoes not exist.";
        var error = await Assert.ThrowsAsync<AgentException>(() => ProvisionAsync(harness, 1));
        Assert.StartsWith("The group printers", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        await SshHarness.Until(() => harness.Local.Rows.Count == 2 && harness.State("vm-7") == "failed");

        harness.Local.Error = null;
        await harness.RestAsync();
        await ProvisionAsync(harness, 1);
        await SshHarness.Until(() => harness.State("vm-7") == "ready");
    }

    [Theory]
    [InlineData("", "keyhole:a:1:t:ada")]
    [InlineData("ada\u001b[2J", "keyhole:a:1:t:ada")]
    [InlineData("a-name-longer-than-thirty-two-characters", "keyhole:a:1:t:ada")]
    [InlineData("ada", "")]
    [Trait("Threat", "33")]
    public void An_account_that_no_host_has_is_not_passed_on(string name, string principal) =>
        Assert.Throws<AuthDaemonException>(() => SshAnswers.Check(new Contracts.SshAccount(name, principal, null)));

    /// <summary>When this returns, the order waits for the table, or for its turn, or is done.</summary>
    private static Task<Contracts.SshAccount> ProvisionAsync(SshHarness harness, int user) => harness.Sites.ProvisionAsync(7, SshHarness.Order(user), default).WaitAsync(TimeSpan.FromMinutes(2));
}
