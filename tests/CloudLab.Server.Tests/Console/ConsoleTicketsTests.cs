using CloudLab.ControlPlane.Identity;
using CloudLab.ControlPlane.Instances;
using CloudLab.Server.Console;
using CloudLab.Server.Tests.Harness;

namespace CloudLab.Server.Tests.Console;

public sealed class ConsoleTicketsTests
{
    private readonly ManualTime _time = new();
    private readonly Caller _caller = new()
    {
        AccountId = AccountId.New(),
        AccountName = "default",
        IsManagement = false,
        UserId = UserId.New(),
        UserName = "somebody",
        TokenId = TokenId.New(),
        Role = Role.Operator,
        ExpiresAt = null,
    };
    private readonly InstanceId _instance = InstanceId.New();

    [Fact]
    public void A_ticket_opens_its_instance_once()
    {
        var tickets = new ConsoleTickets(_time);
        string ticket = tickets.Issue(_instance, _caller).Ticket;

        Assert.Equal(_caller, tickets.Redeem(ticket, _instance));
        Assert.Null(tickets.Redeem(ticket, _instance));
    }

    [Fact]
    public void A_ticket_is_used_up_by_the_wrong_instance()
    {
        var tickets = new ConsoleTickets(_time);
        string ticket = tickets.Issue(_instance, _caller).Ticket;

        Assert.Null(tickets.Redeem(ticket, InstanceId.New()));
        Assert.Null(tickets.Redeem(ticket, _instance));
    }

    [Fact]
    public void A_ticket_is_good_for_sixty_seconds()
    {
        var tickets = new ConsoleTickets(_time);
        string early = tickets.Issue(_instance, _caller).Ticket;
        string late = tickets.Issue(_instance, _caller).Ticket;

        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.NotNull(tickets.Redeem(early, _instance));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(tickets.Redeem(late, _instance));
    }

    [Fact]
    public void The_oldest_ticket_goes_when_there_are_too_many()
    {
        var tickets = new ConsoleTickets(_time);
        string first = tickets.Issue(_instance, _caller).Ticket;
        string second = tickets.Issue(_instance, _caller).Ticket;
        for (int i = 0; i < 1023; i++) tickets.Issue(_instance, _caller);

        Assert.Null(tickets.Redeem(first, _instance));
        Assert.NotNull(tickets.Redeem(second, _instance));
    }
}
