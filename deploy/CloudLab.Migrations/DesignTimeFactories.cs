using CloudLab.ControlPlane.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Design;

namespace CloudLab.Migrations;

/// <summary>Makes a context for dotnet-ef, which looks at its model and never connects.</summary>
public sealed class SqliteFactory : IDesignTimeDbContextFactory<SqliteCloudLabDbContext>
{
    public SqliteCloudLabDbContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<SqliteCloudLabDbContext>().UseSqlite().Options);
}

/// <inheritdoc cref="SqliteFactory"/>
public sealed class PostgresFactory : IDesignTimeDbContextFactory<PostgresCloudLabDbContext>
{
    public PostgresCloudLabDbContext CreateDbContext(string[] args) =>
        new(new DbContextOptionsBuilder<PostgresCloudLabDbContext>().UseNpgsql().Options);
}
