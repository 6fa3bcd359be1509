-- One row for each user agent of a fact.
SELECT sha2(user_agent, 256) AS user_agent_key, user_agent, browser, os FROM user_agents
