using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace CloudLab.ControlPlane.Persistence.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class Identity : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropForeignKey(
                name: "FK_api_tokens_accounts_account_id",
                table: "api_tokens");

            migrationBuilder.DropIndex(
                name: "IX_api_tokens_account_id",
                table: "api_tokens");

            migrationBuilder.AddColumn<long>(
                name: "last_used_at",
                table: "api_tokens",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "user_id",
                table: "api_tokens",
                type: "TEXT",
                maxLength: 21,
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "canonical_user_id",
                table: "accounts",
                type: "TEXT",
                maxLength: 64,
                nullable: false,
                defaultValue: "");

            migrationBuilder.AddColumn<bool>(
                name: "is_management",
                table: "accounts",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<long>(
                name: "suspended_at",
                table: "accounts",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "quotas",
                columns: table => new
                {
                    account_id = table.Column<string>(type: "TEXT", maxLength: 12, nullable: false),
                    name = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    limit = table.Column<long>(type: "INTEGER", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_quotas", x => new { x.account_id, x.name });
                    table.ForeignKey(
                        name: "FK_quotas_accounts_account_id",
                        column: x => x.account_id,
                        principalTable: "accounts",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "users",
                columns: table => new
                {
                    id = table.Column<string>(type: "TEXT", maxLength: 21, nullable: false),
                    account_id = table.Column<string>(type: "TEXT", maxLength: 12, nullable: false),
                    name = table.Column<string>(type: "TEXT", nullable: false),
                    role = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false),
                    disabled_at = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_users", x => x.id);
                    table.ForeignKey(
                        name: "FK_users_accounts_account_id",
                        column: x => x.account_id,
                        principalTable: "accounts",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "access_keys",
                columns: table => new
                {
                    id = table.Column<string>(type: "TEXT", maxLength: 128, nullable: false),
                    account_id = table.Column<string>(type: "TEXT", maxLength: 12, nullable: false),
                    user_id = table.Column<string>(type: "TEXT", maxLength: 21, nullable: false),
                    secret = table.Column<byte[]>(type: "BLOB", nullable: false),
                    role = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    created_at = table.Column<long>(type: "INTEGER", nullable: false),
                    expires_at = table.Column<long>(type: "INTEGER", nullable: true),
                    revoked_at = table.Column<long>(type: "INTEGER", nullable: true),
                    last_used_at = table.Column<long>(type: "INTEGER", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_access_keys", x => x.id);
                    table.ForeignKey(
                        name: "FK_access_keys_accounts_account_id",
                        column: x => x.account_id,
                        principalTable: "accounts",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                    table.ForeignKey(
                        name: "FK_access_keys_users_user_id",
                        column: x => x.user_id,
                        principalTable: "users",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_api_tokens_account_id_created_at_id",
                table: "api_tokens",
                columns: new[] { "account_id", "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "IX_api_tokens_user_id",
                table: "api_tokens",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "IX_accounts_canonical_user_id",
                table: "accounts",
                column: "canonical_user_id",
                unique: true,
                filter: "canonical_user_id <> ''");

            migrationBuilder.CreateIndex(
                name: "IX_access_keys_account_id_created_at_id",
                table: "access_keys",
                columns: new[] { "account_id", "created_at", "id" });

            migrationBuilder.CreateIndex(
                name: "IX_access_keys_user_id",
                table: "access_keys",
                column: "user_id");

            migrationBuilder.CreateIndex(
                name: "IX_users_account_id_name",
                table: "users",
                columns: new[] { "account_id", "name" },
                unique: true);

            migrationBuilder.AddForeignKey(
                name: "FK_api_tokens_accounts_account_id",
                table: "api_tokens",
                column: "account_id",
                principalTable: "accounts",
                principalColumn: "id",
                onDelete: ReferentialAction.Cascade);

            migrationBuilder.AddForeignKey(
                name: "FK_api_tokens_users_user_id",
                table: "api_tokens",
                column: "user_id",
                principalTable: "users",
                principalColumn: "id",
                onDelete: ReferentialAction.Cascade);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropForeignKey(
                name: "FK_api_tokens_accounts_account_id",
                table: "api_tokens");

            migrationBuilder.DropForeignKey(
                name: "FK_api_tokens_users_user_id",
                table: "api_tokens");

            migrationBuilder.DropTable(
                name: "access_keys");

            migrationBuilder.DropTable(
                name: "quotas");

            migrationBuilder.DropTable(
                name: "users");

            migrationBuilder.DropIndex(
                name: "IX_api_tokens_account_id_created_at_id",
                table: "api_tokens");

            migrationBuilder.DropIndex(
                name: "IX_api_tokens_user_id",
                table: "api_tokens");

            migrationBuilder.DropIndex(
                name: "IX_accounts_canonical_user_id",
                table: "accounts");

            migrationBuilder.DropColumn(
                name: "last_used_at",
                table: "api_tokens");

            migrationBuilder.DropColumn(
                name: "user_id",
                table: "api_tokens");

            migrationBuilder.DropColumn(
                name: "canonical_user_id",
                table: "accounts");

            migrationBuilder.DropColumn(
                name: "is_management",
                table: "accounts");

            migrationBuilder.DropColumn(
                name: "suspended_at",
                table: "accounts");

            migrationBuilder.CreateIndex(
                name: "IX_api_tokens_account_id",
                table: "api_tokens",
                column: "account_id");

            migrationBuilder.AddForeignKey(
                name: "FK_api_tokens_accounts_account_id",
                table: "api_tokens",
                column: "account_id",
                principalTable: "accounts",
                principalColumn: "id",
                onDelete: ReferentialAction.Restrict);
        }
    }
}
